//! A plausible player: a playhead, a clock and a script. It reports as the original client would, or
//! as our plugin.

use proptest::collection::vec;
use proptest::prelude::*;
use video_telemetry::qoe::{
    ErrorInfo, Event, EventKind as K, PlayerState as P, Reason, SeekInfo, SessionStartInfo, Totals,
};

use super::script::{Act, act};
use super::{EPOCH_MS, bare};

/// Both families.
pub(crate) fn plausible() -> impl Strategy<Value = Vec<Event>> {
    prop_oneof![six(), ours()]
}

/// What the original client sends.
pub(crate) fn six() -> impl Strategy<Value = Vec<Event>> {
    (vec(act(), 1..30), any::<bool>()).prop_map(|(acts, located)| play(&acts, false, located))
}

/// What our plugin sends.
pub(crate) fn ours() -> impl Strategy<Value = Vec<Event>> {
    (vec(act(), 1..24), any::<bool>()).prop_map(|(acts, located)| play(&acts, true, located))
}

fn play(acts: &[Act], ours: bool, located: bool) -> Vec<Event> {
    let mut player = Player {
        ours,
        located,
        at_ms: EPOCH_MS,
        position_sec: 0.0,
        rate: 1.0,
        frames: 0,
        level: 0,
        state: P::Idle,
        started: false,
        totals: Totals::default(),
        interactions: 0,
        events: Vec::new(),
    };
    if ours {
        player.report(K::SessionStart, |event| {
            event.session_start = Some(Box::new(SessionStartInfo {
                video_duration_sec: Some(600.0),
                ..SessionStartInfo::default()
            }));
        });
    }
    for act in acts {
        player.act(*act);
    }
    player.events
}

struct Player {
    ours: bool,
    /// Its events tell where the playhead is.
    located: bool,
    at_ms: i64,
    position_sec: f64,
    rate: f64,
    frames: i64,
    level: i32,
    state: P,
    started: bool,
    totals: Totals,
    interactions: i64,
    events: Vec<Event>,
}

impl Player {
    fn act(&mut self, act: Act) {
        match act {
            Act::Play if !matches!(self.state, P::Playing | P::Starting) => self.start(),
            Act::Pause if self.state != P::Idle => self.pause(),
            Act::Pass(ms) => self.pass(ms),
            Act::Sleep(ms) => self.at_ms += ms,
            Act::Stall(ms) if matches!(self.state, P::Playing | P::Starting) => self.stall(ms),
            Act::Seek { to_sec, ms } if self.started => self.seek(to_sec, ms),
            Act::Quality(level) => {
                self.level = level;
                self.report(K::QualityChange, |_| {});
            }
            Act::Rate(rate) => {
                self.rate = rate;
                self.extra(K::RateChange, |event| event.playback_rate = Some(rate));
            }
            Act::Error {
                fatal,
                buffered_sec,
            } => self.fail(fatal, buffered_sec),
            Act::Hide(hidden) => self.extra(K::Visibility, |event| event.hidden = Some(hidden)),
            Act::End => self.end(),
            Act::Close(reason) => self.extra(K::SessionEnd, |event| event.reason = Some(reason)),
            _ => {}
        }
    }

    fn start(&mut self) {
        let known = self.started;
        self.state = if known { P::Playing } else { P::Starting };
        self.interactions += 1;
        self.report(K::Play, |_| {});
        if !known && !self.ours {
            self.report(K::BufferStart, |_| {});
        }
    }

    fn pause(&mut self) {
        self.state = if self.started { P::Paused } else { P::Idle };
        self.interactions += 1;
        self.report(K::Pause, |_| {});
    }

    /// Time passes, with a heartbeat every 10 s of ours while not paused.
    fn pass(&mut self, ms: i64) {
        let mut left_ms = ms;
        while left_ms > 0 {
            let step_ms = left_ms.min(10_000);
            self.spend(step_ms);
            left_ms -= step_ms;
            if step_ms == 10_000 && !matches!(self.state, P::Paused | P::Idle) {
                self.extra(K::Heartbeat, |_| {});
            }
        }
    }

    fn spend(&mut self, ms: i64) {
        self.at_ms += ms;
        if self.state == P::Playing {
            // A test's clock stays far below 2^31 ms in one step.
            let sec = f64::from(i32::try_from(ms).unwrap_or(i32::MAX)) / 1000.0;
            self.position_sec += sec * self.rate;
            self.frames += ms / 40;
        }
        let totals = &mut self.totals;
        let total = match self.state {
            P::Starting => &mut totals.startup_ms,
            P::Playing => &mut totals.playing_ms,
            P::Rebuffering => &mut totals.rebuffer_ms,
            P::Seeking => &mut totals.seek_ms,
            P::Paused => &mut totals.paused_ms,
            P::Ended => &mut totals.ended_ms,
            P::Idle => &mut totals.idle_ms,
        };
        *total = Some(total.unwrap_or(0) + ms);
    }

    /// A wait, at startup until the first frame.
    fn stall(&mut self, ms: i64) {
        let began_ms = self.at_ms;
        if self.state == P::Starting {
            self.spend(ms);
            self.started = true;
            self.state = P::Playing;
            let kind = if self.ours {
                K::FirstFrame
            } else {
                K::BufferEnd
            };
            self.report(kind, |event| event.buffer_start_ms = Some(began_ms));
            return;
        }
        self.state = P::Rebuffering;
        self.totals.rebuffer_count = Some(self.totals.rebuffer_count.unwrap_or(0) + 1);
        if self.ours {
            // Held 100 ms, stamped when it began.
            self.spend(ms.min(100));
        }
        self.report(K::BufferStart, |event| event.timestamp_ms = began_ms);
        let held_ms = self.at_ms - began_ms;
        self.spend(ms - held_ms);
        self.state = P::Playing;
        self.report(K::BufferEnd, |event| {
            event.buffer_start_ms = Some(began_ms);
            event.reason = Some(Reason::Resumed);
        });
    }

    /// `waiting` fires after the playhead was moved.
    fn seek(&mut self, to_sec: i64, ms: i64) {
        let (began_ms, from_sec) = (self.at_ms, self.position_sec);
        let before = self.state;
        self.position_sec = f64::from(i32::try_from(to_sec).unwrap_or(0));
        if before != P::Playing {
            return;
        }
        self.state = P::Seeking;
        if !self.ours {
            self.report(K::BufferStart, |_| {});
        }
        self.spend(ms);
        self.state = P::Playing;
        let to_sec = self.position_sec;
        if self.ours {
            self.report(K::Seek, |event| {
                event.timestamp_ms = began_ms;
                event.seek = Some(Box::new(SeekInfo {
                    from_sec: Some(from_sec),
                    to_sec: Some(to_sec),
                    duration_ms: Some(ms),
                }));
            });
        } else {
            self.report(K::BufferEnd, |event| event.buffer_start_ms = Some(began_ms));
        }
    }

    fn fail(&mut self, fatal: bool, buffered_sec: Option<f64>) {
        self.report(K::PlayerError, |event| {
            event.buffer_length_sec = buffered_sec;
            event.error = Some(Box::new(ErrorInfo {
                kind: Some("networkError".into()),
                details: Some("fragLoadError".into()),
                fatal,
            }));
        });
    }

    /// `pause` fires just before `ended`, which the original client does not report.
    fn end(&mut self) {
        if self.state == P::Playing {
            self.state = P::Ended;
            self.interactions += 1;
            self.report(K::Pause, |event| event.buffer_length_sec = Some(0.0));
            self.extra(K::Ended, |_| {});
        }
    }

    /// An event that only our plugin sends.
    fn extra(&mut self, kind: K, set: impl FnOnce(&mut Event)) {
        if self.ours {
            self.report(kind, set);
        }
    }

    fn report(&mut self, kind: K, set: impl FnOnce(&mut Event)) {
        let count = self.events.len();
        let mut event = bare(self.at_ms, kind, count);
        event.created_at_ms = self.at_ms + 40;
        event.position_sec = self.located.then_some(self.position_sec);
        event.decoded_frames = self.located.then_some(self.frames);
        event.dropped_frames = Some(self.frames / 100);
        event.buffer_length_sec = Some(5.5);
        event.interaction_count = (!self.ours).then_some(self.interactions);
        if kind == K::QualityChange || self.level > 0 {
            event.bitrate_kbps = Some(800 * (self.level + 1));
            event.video_width = Some(640 * (self.level + 1));
            event.video_height = Some(360 * (self.level + 1));
        }
        if self.ours {
            event.seq = i64::try_from(count).ok();
            event.state = Some(self.state);
            event.totals = Some(Box::new(self.totals));
            event.player_width = Some(1280);
            event.player_height = Some(720);
            event.sent_at_ms = Some(self.at_ms + 10);
        }
        set(&mut event);
        self.events.push(event);
    }
}
