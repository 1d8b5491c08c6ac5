//! What was on screen, weighted by the time it was played.

use std::collections::BTreeMap;

use video_telemetry::qoe::{Event, EventKind, SessionSummary};

use super::losses;
use super::numbers::float;
use super::row::{self, Row};

/// What is known of the picture: bitrate, width, height, and the player's width and height.
type Picture = [Option<i32>; 5];

/// The picture after these events. Choice: where the totals may yet tell a stretch again, only
/// events that are not stamped back change it.
fn picture(events: &[&Event]) -> Picture {
    let mut picture = Picture::default();
    let anchors = losses::anchors(events.iter().copied());
    for (at, event) in events.iter().enumerate() {
        if anchors.contains(&at) || anchors.iter().all(|anchor| *anchor > at) {
            picture = changed_by(picture, event);
        }
    }
    picture
}

/// A QUALITY_CHANGE that names anything names the rendition whole; other events add what they know.
fn changed_by(picture: Picture, event: &Event) -> Picture {
    let rendition = [event.bitrate_kbps, event.video_width, event.video_height];
    let whole = event.kind == EventKind::QualityChange && rendition != [None; 3];
    let [kbps, width, height] = rendition.map(|size| size.filter(|size| *size > 0));
    let [pw, ph] = [event.player_width, event.player_height];
    let [old_kbps, old_width, old_height, old_pw, old_ph] = picture;
    let keep = |old: Option<i32>| old.filter(|_| !whole);
    [
        kbps.or(keep(old_kbps)),
        width.or(keep(old_width)),
        height.or(keep(old_height)),
        pw.filter(|size| *size > 0).or(old_pw),
        ph.filter(|size| *size > 0).or(old_ph),
    ]
}

/// The last event changes the picture.
pub(crate) fn changes(events: &[&Event]) -> bool {
    let before = events.split_last().map_or(&[][..], |(_, before)| before);
    picture(events) != picture(before)
}

/// Playing time by picture, in time order. Nothing is known of time that the totals tell when the
/// picture after it is another one.
fn time_by_picture(events: &[&Event], rows: &[Row<'_>], playing_ms: i64) -> Vec<(Picture, i64)> {
    let up_to = |length: usize| {
        let rows = rows.get(..length).unwrap_or_default();
        row::parts(rows).playing_ms
    };
    let mut times = Vec::new();
    let mut done_ms = 0;
    let mut before = Picture::default();
    for (at, row) in rows.iter().enumerate() {
        let now = picture(events.get(..=at).unwrap_or_default());
        if now == before {
            continue;
        }
        let so_far_ms = up_to(at + 1);
        let known_ms = row.told.map_or(so_far_ms, |told| up_to(told.anchor + 1));
        times.push((before, (known_ms - done_ms).max(0)));
        done_ms = done_ms.max(so_far_ms);
        before = now;
    }
    times.push((before, (playing_ms - done_ms).max(0)));
    times.retain(|(_, ms)| *ms > 0);
    times
}

/// How much the picture is blown up.
fn upscale([_, width, height, pw, ph]: Picture) -> Option<f64> {
    let across = f64::from(pw?) / f64::from(width?);
    let down = f64::from(ph?) / f64::from(height?);
    Some(f64::max(0.0, f64::min(across, down) - 1.0))
}

/// (Umax, Uavg).
pub(crate) type Upscaling = Option<(f64, f64)>;

pub(crate) fn figures(
    events: &[Event],
    rows: &[Row<'_>],
    summary: &mut SessionSummary,
) -> Upscaling {
    let events: Vec<&Event> = events.iter().collect();
    let times = time_by_picture(&events, rows, summary.playing_ms);
    let rates = times
        .iter()
        .filter_map(|(picture, ms)| Some((picture[0]?, *ms)));
    let known_ms: i64 = rates.clone().map(|(_, ms)| ms).sum();
    let weighed: f64 = rates.map(|(kbps, ms)| f64::from(kbps) * float(ms)).sum();
    summary.bitrate_known_ms = known_ms;
    summary.avg_bitrate_kbps = (known_ms > 0).then(|| weighed / float(known_ms));
    summary.playing_ms_by_height = by_height(&times);
    switches(&events, rows, summary);
    let scales = times
        .iter()
        .filter_map(|(picture, ms)| Some((upscale(*picture)?, *ms)));
    let max = scales.clone().map(|(scale, _)| scale).reduce(f64::max)?;
    let ms: i64 = scales.clone().map(|(_, ms)| ms).sum();
    let mean = scales.map(|(scale, ms)| scale * float(ms)).sum::<f64>() / float(ms);
    Some((max, mean))
}

/// Choice: the first 32 heights are kept.
fn by_height(times: &[(Picture, i64)]) -> BTreeMap<i32, i64> {
    let mut heights = BTreeMap::new();
    for (picture, ms) in times {
        let Some(height) = picture[2] else { continue };
        if heights.contains_key(&height) || heights.len() < 32 {
            *heights.entry(height).or_default() += ms;
        }
    }
    heights
}

/// Bitrates of renditions shown: those at the first frame and after it.
fn switches(events: &[&Event], rows: &[Row<'_>], summary: &mut SessionSummary) {
    let mut shown: Vec<i32> = Vec::new();
    let mut was_started = false;
    for (at, row) in rows.iter().enumerate() {
        let known = events.get(..=at).unwrap_or_default();
        let first = row.started && !was_started;
        was_started = row.started;
        if row.started && (first || changes(known)) {
            shown.extend(picture(known)[0]);
        }
    }
    summary.min_bitrate_kbps = shown.iter().min().copied();
    summary.max_bitrate_kbps = shown.iter().max().copied();
    let pairs = shown.iter().zip(shown.iter().skip(1));
    for (before, after) in pairs {
        summary.upswitches += i64::from(after > before);
        summary.downswitches += i64::from(after < before);
    }
}
