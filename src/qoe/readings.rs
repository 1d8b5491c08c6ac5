//! What an event shows of the player at its time, as the figures take it: a sample that does not
//! count towards a figure is none here either.

use super::playhead::position_at_stamp;
use super::samples::usable;
use super::{Event, EventKind, SessionFold};

/// What is known of the player at an event; `None` is what the event does not say.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Readings {
    /// The playhead, s of media time.
    pub position_sec: Option<f64>,
    /// Media buffered ahead of the playhead, s.
    pub buffer_ahead_sec: Option<f64>,
    /// The browser's estimate of the bandwidth, Mbit/s.
    pub downlink_mbps: Option<f64>,
    /// Frames per second.
    pub fps: Option<f64>,
    /// Frames dropped since the counter was last seen (metrics rule 12).
    pub dropped_frames: Option<i64>,
    /// The bitrate of the rendition on screen from here on, kbps; `None` before the first frame, and
    /// while it is not known.
    pub bitrate_kbps: Option<i32>,
}

/// Of an event that was just folded; `dropped_before` are the frames dropped until then. A SEEK is
/// stamped when it began and sent when it was over, so of its readings only where it began holds at
/// its time.
pub(super) fn of(event: &Event, session: &SessionFold, dropped_before: Option<i64>) -> Readings {
    let counted = event.dropped_frames.is_some_and(|frames| frames >= 0);
    let dropped = session.samples.dropped_frames().filter(|_| counted);
    let readings = Readings {
        position_sec: position_at_stamp(event),
        dropped_frames: dropped.map(|after| after - dropped_before.unwrap_or(0)),
        bitrate_kbps: session.shown_bitrate_kbps(),
        ..Readings::default()
    };
    if event.kind == EventKind::Seek {
        return readings;
    }
    Readings {
        buffer_ahead_sec: usable(event.buffer_length_sec),
        downlink_mbps: usable(event.downlink_mbps),
        fps: usable(event.fps),
        ..readings
    }
}
