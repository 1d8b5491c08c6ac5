//! The rendition shown: bitrate, height and upscaling, each weighted by the playing time at it.
//! `LEVEL_SWITCHING`, a download, never gets here; what an event's `quality` names is on screen.

use std::collections::BTreeMap;

use super::num;
use super::score::Upscale;
use super::{Event, EventKind};

/// Distinct heights kept per session. A ladder has about ten; the rest is a hostile client, and its
/// time stays in `playing_ms` alone.
const MAX_HEIGHTS: usize = 32;

/// What is on screen. 0 until known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Rendition {
    bitrate_kbps: i32,
    width: i32,
    height: i32,
    player_width: i32,
    player_height: i32,
}

impl Rendition {
    /// What the event says, and for the rest what was known. A QUALITY_CHANGE names a rendition
    /// whole, so what it leaves out is not inherited from the one before.
    fn after(&self, event: &Event) -> Self {
        let take = |new: Option<i32>, old: i32| new.filter(|new| *new > 0).unwrap_or(old);
        let named = [event.bitrate_kbps, event.video_width, event.video_height];
        let new = event.kind == EventKind::QualityChange && named.iter().any(Option::is_some);
        let old = if new { Self::default() } else { *self };
        Self {
            bitrate_kbps: take(event.bitrate_kbps, old.bitrate_kbps),
            width: take(event.video_width, old.width),
            height: take(event.video_height, old.height),
            player_width: take(event.player_width, self.player_width),
            player_height: take(event.player_height, self.player_height),
        }
    }

    fn bitrate_kbps(&self) -> Option<i32> {
        (self.bitrate_kbps > 0).then_some(self.bitrate_kbps)
    }

    fn height(&self) -> Option<i32> {
        (self.height > 0).then_some(self.height)
    }

    /// How far the picture is blown up: 0 is none (the metric Mux publishes).
    fn upscale(&self) -> Option<f64> {
        let size = |value: i32| (value > 0).then(|| f64::from(value));
        let across = size(self.player_width)? / size(self.width)?;
        let down = size(self.player_height)? / size(self.height)?;
        Some((across.min(down) - 1.0).max(0.0))
    }
}

/// Sums over the session. Playing time is settled lazily: `settled_ms` of the session's playing
/// time is in the sums, what came since belongs to the current rendition.
#[derive(Debug, Clone, Default)]
pub(super) struct Quality {
    current: Rendition,
    settled_ms: i64,
    bitrate_ms: i64,
    kbit: f64,
    /// Boxed: only our plugin sends player sizes.
    upscale: Option<Box<UpscaleSums>>,
    /// (height px, playing ms), sorted by height.
    heights: Box<[(i32, i64)]>,
    shown: Option<Shown>,
}

/// Upscaling over the playing time with known sizes: `ms` is more than 0.
#[derive(Debug, Clone, Copy, Default)]
struct UpscaleSums {
    ms: i64,
    sum: f64,
    max: f64,
}

/// Bitrates of renditions shown, kbps.
#[derive(Debug, Clone, Copy)]
struct Shown {
    last: i32,
    min: i32,
    max: i32,
    up: u32,
    down: u32,
}

/// The measures that [`Quality`] yields.
pub(super) struct QualityFigures {
    pub(super) avg_bitrate_kbps: Option<f64>,
    pub(super) bitrate_known_ms: i64,
    pub(super) min_bitrate_kbps: Option<i32>,
    pub(super) max_bitrate_kbps: Option<i32>,
    pub(super) upswitches: i64,
    pub(super) downswitches: i64,
    pub(super) playing_ms_by_height: BTreeMap<i32, i64>,
    pub(super) upscale: Option<Upscale>,
}

impl Quality {
    /// Takes over the rendition an event names. `playing_ms` is the session's playing time so far:
    /// what was played since the last change was played at the old one.
    pub(super) fn observe(&mut self, event: &Event, playing_ms: i64) -> bool {
        let next = self.current.after(event);
        if next == self.current {
            return false;
        }
        self.settle(playing_ms);
        self.current = next;
        true
    }

    /// The current rendition's bitrate, kbps.
    pub(super) fn bitrate_kbps(&self) -> Option<i32> {
        self.current.bitrate_kbps()
    }

    /// The event names no other rendition than the current one.
    pub(super) fn same_after(&self, event: &Event) -> bool {
        self.current.after(event) == self.current
    }

    /// Credits the playing time since the last settlement to the current rendition.
    pub(super) fn settle(&mut self, playing_ms: i64) {
        let new_ms = playing_ms - self.settled_ms;
        if new_ms <= 0 {
            return;
        }
        self.settled_ms = playing_ms;
        if let Some(bitrate_kbps) = self.current.bitrate_kbps() {
            self.bitrate_ms = self.bitrate_ms.saturating_add(new_ms);
            self.kbit += f64::from(bitrate_kbps) * num::float(new_ms);
        }
        if let Some(upscale) = self.current.upscale() {
            let sums = self.upscale.get_or_insert_default();
            sums.ms = sums.ms.saturating_add(new_ms);
            sums.sum += upscale * num::float(new_ms);
            sums.max = sums.max.max(upscale);
        }
        if let Some(height) = self.current.height() {
            self.add_height(height, new_ms);
        }
    }

    /// What was played since the last settlement was played at renditions nobody saw.
    pub(super) fn settle_unknown(&mut self, playing_ms: i64) {
        self.settled_ms = self.settled_ms.max(playing_ms);
    }

    /// The current rendition is on screen: a first frame was shown.
    pub(super) fn show(&mut self) {
        let Some(kbps) = self.current.bitrate_kbps() else {
            return;
        };
        let shown = self.shown.get_or_insert(Shown {
            last: kbps,
            min: kbps,
            max: kbps,
            up: 0,
            down: 0,
        });
        shown.up = shown.up.saturating_add(u32::from(kbps > shown.last));
        shown.down = shown.down.saturating_add(u32::from(kbps < shown.last));
        shown.last = kbps;
        shown.min = shown.min.min(kbps);
        shown.max = shown.max.max(kbps);
    }

    fn add_height(&mut self, height: i32, ms: i64) {
        let found = self.heights.binary_search_by_key(&height, |entry| entry.0);
        match found {
            Ok(at) => {
                if let Some(entry) = self.heights.get_mut(at) {
                    entry.1 = entry.1.saturating_add(ms);
                }
            }
            Err(at) if self.heights.len() < MAX_HEIGHTS => {
                let mut heights = std::mem::take(&mut self.heights).into_vec();
                heights.reserve_exact(1);
                heights.insert(at, (height, ms));
                self.heights = heights.into_boxed_slice();
            }
            Err(_) => {}
        }
    }

    /// The figures, given the session's playing time.
    pub(super) fn figures(&self, playing_ms: i64) -> QualityFigures {
        let mut settled = self.clone();
        settled.settle(playing_ms);
        let weight_ms = num::float(settled.bitrate_ms);
        QualityFigures {
            avg_bitrate_kbps: (settled.bitrate_ms > 0).then(|| settled.kbit / weight_ms),
            bitrate_known_ms: settled.bitrate_ms,
            min_bitrate_kbps: settled.shown.map(|shown| shown.min),
            max_bitrate_kbps: settled.shown.map(|shown| shown.max),
            upswitches: settled.shown.map_or(0, |shown| i64::from(shown.up)),
            downswitches: settled.shown.map_or(0, |shown| i64::from(shown.down)),
            upscale: settled.upscale.as_deref().map(|sums| Upscale {
                mean: sums.sum / num::float(sums.ms),
                max: sums.max,
            }),
            playing_ms_by_height: settled.heights.into_iter().collect(),
        }
    }
}
