//! What positions and frames tell: a jump (rule 4), a first frame (rule 3), steady playing.

use video_telemetry::qoe::{Event, EventKind};

use super::numbers::{float, growth, place, whole};
use super::row::{Base, Motion, Row};

/// The playback rate as of these rows: the last one sent that a browser can have.
pub(crate) fn rate(rows: &[Row<'_>]) -> f64 {
    let rates = rows.iter().rev().filter_map(|row| row.event.playback_rate);
    let mut usable = rates.filter(|rate| (0.0625..=16.0).contains(rate));
    usable.next().unwrap_or(1.0)
}

/// Where the playhead was at the event's stamp, s: a SEEK left from there.
fn at_stamp(event: &Event) -> Option<f64> {
    match event.kind {
        EventKind::Seek => place(event.seek.as_deref()?.from_sec),
        _ => place(event.position_sec),
    }
}

/// The media time that playing would have covered, s.
fn due_sec(rows: &[Row<'_>], base: &Base, ms: i64) -> f64 {
    float(base.wall_ms.saturating_add(ms)) / 1000.0 * rate(rows)
}

/// How the playhead moved in the last `ms` before the event.
pub(crate) fn motion(rows: &[Row<'_>], base: &Base, event: &Event, ms: i64) -> Motion {
    let (Some(from_sec), Some(to_sec)) = (base.sec, at_stamp(event)) else {
        return Motion::Unknown;
    };
    let sec = to_sec - from_sec;
    let advanced = Motion::Advanced {
        sec,
        rate: rate(rows),
    };
    if sec < -0.25 {
        return Motion::Jumped;
    }
    // Rule 4: six events alone have to infer a seek.
    let off_sec = sec - due_sec(rows, base, ms);
    let off = off_sec > 1.0 || (-60.0..-1.0).contains(&off_sec);
    let asks = event.seq.is_none() && event.kind == EventKind::BufferStart;
    if asks && off && !frames_agree(rows, base, event, sec) {
        return Motion::Jumped;
    }
    advanced
}

/// Rule 4: the frames shown say that this distance was played.
fn frames_agree(rows: &[Row<'_>], base: &Base, event: &Event, sec: f64) -> bool {
    let (Some(before), Some(after)) = (base.frames, event.decoded_frames) else {
        return false;
    };
    let steady: Vec<_> = rows.iter().filter_map(|row| row.steady).collect();
    let frames = steady
        .iter()
        .fold(0_i64, |sum, (frames, _)| sum.saturating_add(*frames));
    let steady_sec: f64 = steady.iter().map(|(_, sec)| sec).sum();
    if frames <= 0 || steady_sec <= 0.0 {
        return false;
    }
    let shown_sec = float(growth(before, after)) / (float(frames) / steady_sec);
    (shown_sec - sec).abs() <= f64::max(0.5, 0.2 * sec.abs())
}

/// A stretch of PLAYING that tells the frame rate. Choice: at least 0.5 s, off by at most 0.5 s.
pub(crate) fn steady(rows: &[Row<'_>], row: &Row<'_>, ms: i64) -> Option<(i64, f64)> {
    let Motion::Advanced { sec, .. } = row.motion else {
        return None;
    };
    let (before, after) = row.base.frames.zip(row.event.decoded_frames)?;
    let off_sec = sec - due_sec(rows, &row.base, ms);
    (sec >= 0.5 && off_sec.abs() <= 0.5).then(|| (growth(before, after), sec))
}

/// Rule 3: how long ago the first frame was shown, ms, if the playhead has moved by playing.
pub(crate) fn shown_ago_ms(rows: &[Row<'_>], row: &Row<'_>, ms: i64) -> Option<i64> {
    let sec = at_stamp(row.event)? - row.base.sec?;
    let most_sec = due_sec(rows, &row.base, ms) + 1.0;
    let played = sec > 0.25 && sec <= most_sec;
    played.then(|| whole((sec / rate(rows) * 1000.0).round()))
}

/// The base after an event in STARTING: the position at PLAY, unless the playhead was put elsewhere.
pub(crate) fn base_waiting(rows: &[Row<'_>], base: &Base, event: &Event, ms: i64) -> Base {
    let stands = match (base.sec, place(event.position_sec)) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(from_sec), Some(to_sec)) => {
            let moved_sec = to_sec - from_sec;
            moved_sec >= -0.25 && moved_sec <= due_sec(rows, base, ms) + 1.0
        }
    };
    if !stands {
        return base_at(base, event);
    }
    Base {
        wall_ms: base.wall_ms + ms,
        ..*base
    }
}

/// The base after an event that may know where the playhead is.
pub(crate) fn base_at(base: &Base, event: &Event) -> Base {
    match place(event.position_sec) {
        None => *base,
        known => Base {
            sec: known,
            frames: event.decoded_frames.filter(|frames| *frames >= 0),
            wall_ms: 0,
        },
    }
}

/// More than 1 s apart.
pub(crate) fn far(from_sec: Option<f64>, to_sec: Option<f64>) -> bool {
    from_sec
        .zip(to_sec)
        .is_some_and(|(from, to)| (to - from).abs() > 1.0)
}
