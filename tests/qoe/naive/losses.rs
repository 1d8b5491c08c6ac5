//! Rule 11: where events were lost, and what the totals tell of the stretch around.

use video_telemetry::qoe::{Event, EventKind, Totals};

use super::numbers::growth;
use super::row::Row;

/// What the totals of both ends of a hole tell.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    /// The row of the last event before the hole that is not stamped back.
    pub(crate) anchor: usize,
    pub(crate) wall_ms: i64,
    pub(crate) growth: Grown,
    pub(crate) reported_stalls: Option<i64>,
}

/// How the totals grew.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grown {
    pub(crate) startup_ms: i64,
    pub(crate) playing_ms: i64,
    pub(crate) rebuffer_ms: i64,
    pub(crate) stalls: i64,
    pub(crate) seek_ms: i64,
    pub(crate) paused_ms: i64,
    pub(crate) ended_ms: i64,
    pub(crate) idle_ms: i64,
}

pub(crate) enum Hole {
    None,
    /// Without totals at both ends the states decide.
    Untold,
    Told(Told),
}

/// Is a number below this event's missing among the events so far? Choice: an event that comes
/// later in time order does not fill it; time that was credited is not reassigned (rule 13).
pub(crate) fn hole_before(rows: &[Row<'_>], event: &Event) -> Hole {
    let anchors = anchors(rows.iter().map(|row| row.event).chain([event]));
    let Some((at, anchors)) = anchors.split_last() else {
        return Hole::None;
    };
    if *at != rows.len() {
        return Hole::None;
    }
    let before = anchors.last().and_then(|at| Some((*at, rows.get(*at)?)));
    let least = before.and_then(|(_, row)| row.event.seq).unwrap_or(-1);
    let mut seen: Vec<i64> = rows.iter().filter_map(|row| row.event.seq).collect();
    seen.retain(|seq| *seq > least && Some(*seq) < event.seq);
    seen.sort_unstable();
    seen.dedup();
    let between = event.seq.unwrap_or(0).saturating_sub(least) - 1;
    if i64::try_from(seen.len()).is_ok_and(|seen| seen == between) {
        return Hole::None;
    }
    let Some((anchor, row)) = before else {
        return Hole::Untold;
    };
    let (Some(from), Some(to)) = (row.event.totals.as_deref(), event.totals.as_deref()) else {
        return Hole::Untold;
    };
    Hole::Told(Told {
        anchor,
        wall_ms: event.timestamp_ms.saturating_sub(row.at_ms()),
        growth: grown(from, to),
        reported_stalls: to.rebuffer_count,
    })
}

/// Places of the events that are not stamped back, in rising numbers.
pub(crate) fn anchors<'a>(events: impl Iterator<Item = &'a Event>) -> Vec<usize> {
    let mut highest = -1;
    let mut places = Vec::new();
    for (at, event) in events.enumerate() {
        let stamped_back = [
            EventKind::BufferStart,
            EventKind::BufferEnd,
            EventKind::Seek,
        ];
        let seq = event.seq.filter(|seq| *seq > highest);
        if let (Some(seq), false) = (seq, stamped_back.contains(&event.kind)) {
            highest = seq;
            places.push(at);
        }
    }
    places
}

/// Choice: a total that was not sent is 0.
fn grown(from: &Totals, to: &Totals) -> Grown {
    let of = |total: fn(&Totals) -> Option<i64>| {
        growth(total(from).unwrap_or(0), total(to).unwrap_or(0))
    };
    Grown {
        startup_ms: of(|totals| totals.startup_ms),
        playing_ms: of(|totals| totals.playing_ms),
        rebuffer_ms: of(|totals| totals.rebuffer_ms),
        stalls: of(|totals| totals.rebuffer_count),
        seek_ms: of(|totals| totals.seek_ms),
        paused_ms: of(|totals| totals.paused_ms),
        ended_ms: of(|totals| totals.ended_ms),
        idle_ms: of(|totals| totals.idle_ms),
    }
}
