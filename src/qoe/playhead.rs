//! The playhead: how far it moved between two events, against the wall time that passed. It tells
//! the first frame (rule 3), a seek (rule 4) and a gap (rule 7).

use super::known::{Known, KnownSec};
use super::num;
use super::parts::{Parts, SILENCE_WITH_SEQ_MS};
use super::{Event, EventKind};

/// The playhead may fall behind the wall by this much before the rest is gap, ms (rule 7).
const LAG_LIMIT_MS: f64 = 1000.0;
/// Less movement is noise, s (rules 3 and 4).
const MOVED_SEC: f64 = 0.25;
/// A playhead this far from where it should be was moved, s (rules 3, 4 and 5).
pub(super) const FAR_SEC: f64 = 1.0;
/// A playhead that lags by more did not seek, it slept, s (rule 4).
const SLEEP_SEC: f64 = 60.0;
/// What browsers accept as `playbackRate`.
const RATES: std::ops::RangeInclusive<f64> = 0.0625..=16.0;

/// How the playhead moved since it was last seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Motion {
    /// One of the two positions is not known.
    Unknown,
    /// It was moved: the distance says nothing of the time played.
    Jumped,
    /// It advanced by this many seconds.
    Advanced(f64),
}

/// The playhead as last seen, and what happened since.
#[derive(Debug, Clone)]
pub(super) struct Playhead {
    /// Where it was last seen, s.
    seen_sec: KnownSec,
    /// The frame counter there.
    seen_frames: Known,
    /// Wall time in this run since it was seen, ms; of which `gap_ms` were called gap.
    wall_ms: i64,
    gap_ms: i64,
    /// How far it is behind the wall in this run of PLAYING, ms: 0 to 1000.
    lag_ms: f64,
    rate: f64,
    /// Frames and media seconds of steady stretches: this session's frame rate.
    steady_frames: i64,
    steady_sec: f64,
    /// The furthest position, s.
    max_sec: KnownSec,
}

impl Default for Playhead {
    fn default() -> Self {
        Self {
            seen_sec: KnownSec::default(),
            seen_frames: Known::default(),
            wall_ms: 0,
            gap_ms: 0,
            lag_ms: 0.0,
            rate: 1.0,
            steady_frames: 0,
            steady_sec: 0.0,
            max_sec: KnownSec::default(),
        }
    }
}

impl Playhead {
    pub(super) fn seen_sec(&self) -> Option<f64> {
        self.seen_sec.get()
    }

    pub(super) fn max_sec(&self) -> Option<f64> {
        self.max_sec.get()
    }

    /// A run of STARTING or PLAYING begins: the lag starts at 0.
    pub(super) fn begin_run(&mut self) {
        self.wall_ms = 0;
        self.gap_ms = 0;
        self.lag_ms = 0.0;
    }

    /// Where the playhead goes without our seeing it: to the target of a seek.
    pub(super) fn put(&mut self, position_sec: Option<f64>) {
        self.seen_sec = usable(position_sec).into();
        self.seen_frames = Known::default();
        self.begin_run();
    }

    /// Takes over where the event saw the playhead. One without a position leaves the earlier one
    /// standing, with the wall time since.
    pub(super) fn observe(&mut self, event: &Event) {
        let Some(position_sec) = position(event) else {
            return;
        };
        self.seen_sec = Some(position_sec).into();
        self.seen_frames = event.decoded_frames.filter(|frames| *frames >= 0).into();
        self.wall_ms = 0;
        self.gap_ms = 0;
    }

    /// Takes over what holds whatever the state: the rate from here on, and the furthest position.
    pub(super) fn note(&mut self, event: &Event) {
        if let Some(rate) = event.playback_rate.filter(|rate| RATES.contains(rate)) {
            self.rate = rate;
        }
        if let Some(position_sec) = position(event) {
            let max_sec = self
                .max_sec
                .get()
                .map_or(position_sec, |max| max.max(position_sec));
            self.max_sec = Some(max_sec).into();
        }
    }

    /// Still STARTING after this event. The position at the play intent stays the base of rule 3,
    /// unless the playhead was put elsewhere.
    pub(super) fn wait(&mut self, event: &Event, stretch_ms: i64) {
        let base_stands = match (self.seen_sec.get(), position(event)) {
            (Some(from_sec), Some(to_sec)) => {
                let advance_sec = to_sec - from_sec;
                (-MOVED_SEC..=self.played_sec(stretch_ms) + FAR_SEC).contains(&advance_sec)
            }
            (None, _) => false,
            (Some(_), None) => true,
        };
        if base_stands {
            self.wall_ms = self.wall_ms.saturating_add(stretch_ms);
        } else {
            self.observe(event);
        }
    }

    /// The rendition changed while playing: the time played until here is settled, so an event
    /// without a position leaves nothing to hand back. The run and its lag go on.
    pub(super) fn settle(&mut self) {
        if self.wall_ms > 0 {
            self.seen_sec = KnownSec::default();
            self.wall_ms = 0;
            self.gap_ms = 0;
        }
    }

    /// What was known before is worth nothing: time passed of which nothing is known.
    pub(super) fn forget(&mut self) {
        self.put(None);
    }

    /// How the playhead moved until this event, `stretch_ms` after the one before it.
    pub(super) fn motion(&self, event: &Event, stretch_ms: i64) -> Motion {
        let (Some(from_sec), Some(to_sec)) = (self.seen_sec.get(), position_at_stamp(event)) else {
            return Motion::Unknown;
        };
        let advance_sec = to_sec - from_sec;
        if advance_sec < -MOVED_SEC {
            return Motion::Jumped;
        }
        if self.sought(event, advance_sec, stretch_ms) {
            return Motion::Jumped;
        }
        Motion::Advanced(advance_sec)
    }

    /// Rule 4: a six-event BUFFER_START out of PLAYING with the playhead not where playing would
    /// have brought it, unless the frames shown say that it was played there.
    fn sought(&self, event: &Event, advance_sec: f64, stretch_ms: i64) -> bool {
        if event.seq.is_some() || event.kind != EventKind::BufferStart {
            return false;
        }
        let off_sec = advance_sec - self.played_sec(stretch_ms);
        let far = off_sec > FAR_SEC || (-SLEEP_SEC..-FAR_SEC).contains(&off_sec);
        far && !self.frames_agree(event, advance_sec)
    }

    /// The media seconds that playing since the last position would have covered.
    fn played_sec(&self, stretch_ms: i64) -> f64 {
        num::float(self.wall_ms.saturating_add(stretch_ms)) / 1000.0 * self.rate
    }

    fn frames_agree(&self, event: &Event, advance_sec: f64) -> bool {
        let (Some(before), Some(after)) = (self.seen_frames.get(), event.decoded_frames) else {
            return false;
        };
        // Frames were learned only where the playhead advanced.
        if self.steady_frames <= 0 {
            return false;
        }
        let frames_per_sec = num::float(self.steady_frames) / self.steady_sec;
        let shown_sec = num::float(num::counter_growth(before, after)) / frames_per_sec;
        (shown_sec - advance_sec).abs() <= f64::max(0.5, 0.2 * advance_sec.abs())
    }

    /// Rule 3: how long ago the first frame was shown, if the playhead has moved by playing since
    /// the play intent, ms.
    pub(super) fn started_ago_ms(&self, event: &Event, stretch_ms: i64) -> Option<i64> {
        let advance_sec = position_at_stamp(event)? - self.seen_sec.get()?;
        let reachable_sec = self.played_sec(stretch_ms) + FAR_SEC;
        let played = advance_sec > MOVED_SEC && advance_sec <= reachable_sec;
        played.then(|| num::rounded(advance_sec / self.rate * 1000.0))
    }

    /// Rule 7: splits a stretch of PLAYING into playing and gap. The lag is kept over the whole
    /// run, so that further events inside it change nothing.
    pub(super) fn play(
        &mut self,
        parts: &mut Parts,
        motion: Motion,
        stretch_ms: i64,
        has_seq: bool,
    ) {
        let gap_ms = match motion {
            Motion::Advanced(advance_sec) => self.lag(advance_sec, stretch_ms) - self.gap_ms,
            Motion::Unknown | Motion::Jumped if has_seq => {
                (stretch_ms - SILENCE_WITH_SEQ_MS).max(0)
            }
            Motion::Unknown | Motion::Jumped => 0,
        };
        parts.credit_playing(stretch_ms, gap_ms);
        self.wall_ms = self.wall_ms.saturating_add(stretch_ms);
        self.gap_ms = self.gap_ms.saturating_add(gap_ms);
    }

    /// What of the wall time since the last position is gap, ms.
    fn lag(&mut self, advance_sec: f64, stretch_ms: i64) -> i64 {
        let wall_ms = self.wall_ms.saturating_add(stretch_ms);
        let behind_ms = num::float(wall_ms) - advance_sec / self.rate * 1000.0;
        let lag_ms = (self.lag_ms + behind_ms).max(0.0);
        let gap_ms = num::truncated(lag_ms - LAG_LIMIT_MS).clamp(0, wall_ms);
        self.lag_ms = (lag_ms - num::float(gap_ms)).min(LAG_LIMIT_MS + 1.0);
        gap_ms
    }

    /// Learns the frame rate from a stretch that was played as it should (rule 4).
    pub(super) fn learn(&mut self, event: &Event, motion: Motion, stretch_ms: i64) {
        let (Motion::Advanced(advance_sec), Some(before), Some(after)) =
            (motion, self.seen_frames.get(), event.decoded_frames)
        else {
            return;
        };
        let off_sec = advance_sec - self.played_sec(stretch_ms);
        if advance_sec < 0.5 || off_sec.abs() > 0.5 {
            return;
        }
        let frames = num::counter_growth(before, after);
        self.steady_frames = self.steady_frames.saturating_add(frames);
        self.steady_sec += advance_sec;
    }
}

/// Where the playhead was at the event's stamp, s. A SEEK is stamped when it began and sent when it
/// was over, so its position is the target's.
pub(super) fn position_at_stamp(event: &Event) -> Option<f64> {
    if event.kind == EventKind::Seek {
        return usable(event.seek.as_deref()?.from_sec);
    }
    position(event)
}

/// Where the event saw the playhead, s.
pub(super) fn position(event: &Event) -> Option<f64> {
    usable(event.position_sec)
}

/// A position that a media element can have. The bound keeps hostile values out of the arithmetic:
/// a live stream may count from 1970, so 10^10 s are still a position.
fn usable(position_sec: Option<f64>) -> Option<f64> {
    // Adding 0 turns -0 into 0.
    position_sec
        .filter(|sec| (0.0..=1e10).contains(sec))
        .map(|sec| sec + 0.0)
}
