//! Spends the wall time of a list of rows: every piece lands in one part.

use video_telemetry::qoe::State;

use super::losses::Told;
use super::numbers::{float, whole};
use super::row::{Motion, Piece, Row};
use super::stalls;

/// The partition, ms. STARTING is not yet startup or `no_start`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Parts {
    pub(crate) starting_ms: i64,
    pub(crate) playing_ms: i64,
    pub(crate) micro_stall_ms: i64,
    pub(crate) micro_stall_count: i64,
    pub(crate) rebuffer_ms: i64,
    pub(crate) rebuffer_count: i64,
    pub(crate) seek_ms: i64,
    pub(crate) paused_ms: i64,
    pub(crate) ended_ms: i64,
    pub(crate) idle_ms: i64,
    pub(crate) gap_ms: i64,
    /// The open stall, not yet rebuffer or playing.
    pub(crate) open_stall_ms: i64,
    /// It has its place in `rebuffer_count` already.
    pub(crate) open_stall_counted: bool,
}

pub(crate) fn spend(rows: &[&Row<'_>]) -> Parts {
    let mut parts = Parts::default();
    spend_waits(rows, &mut parts);
    spend_playing(rows, &mut parts);
    for row in rows {
        if let Some(told) = &row.told {
            let (spent_ms, _) = spend_told(told, started_before(rows, row), &mut parts);
            parts.gap_ms += told.wall_ms - spent_ms;
        }
        parts.starting_ms -= row.dated_back_ms;
        parts.playing_ms += row.dated_back_ms;
    }
    stalls::count(rows, &mut parts);
    parts
}

/// Was a first frame shown before the stretch that the totals tell? The rows between are gone.
fn started_before(rows: &[&Row<'_>], row: &Row<'_>) -> bool {
    let at = rows.iter().position(|other| std::ptr::eq(*other, row));
    let before = at.and_then(|at| at.checked_sub(1));
    before.is_some_and(|before| rows.get(before).is_some_and(|row| row.started))
}

/// Rule 7: a silence in a wait counts only so far.
pub(crate) fn silence_ms(row: &Row<'_>) -> i64 {
    if row.six() { 300_000 } else { 30_000 }
}

fn spend_waits(rows: &[&Row<'_>], parts: &mut Parts) {
    for row in rows {
        for piece in &row.pieces {
            let most_ms = silence_ms(row).min(piece.ms);
            let over_ms = piece.ms - most_ms;
            match piece.state {
                State::Starting => parts.starting_ms += most_ms,
                State::Seeking => parts.seek_ms += most_ms,
                State::Paused => parts.paused_ms += piece.ms,
                State::Ended | State::Failed => parts.ended_ms += piece.ms,
                State::Idle => parts.idle_ms += piece.ms,
                State::Closed => parts.gap_ms += piece.ms,
                // The open stall is collected by `stalls`.
                State::Rebuffering | State::Playing => {}
            }
            let waits = [State::Starting, State::Seeking, State::Rebuffering];
            if waits.contains(&piece.state) {
                parts.gap_ms += over_ms;
            }
        }
    }
}

/// Rule 7: each run of PLAYING by itself, cut into spans between known positions.
fn spend_playing(rows: &[&Row<'_>], parts: &mut Parts) {
    let mut lag_ms = 0.0;
    let mut span: Vec<(&Row<'_>, Piece)> = Vec::new();
    let mut run = None;
    for row in rows {
        for piece in &row.pieces {
            if run != Some(piece.run) {
                settle(&mut span, None, &mut lag_ms, parts);
                (lag_ms, run) = (0.0, Some(piece.run));
            }
            if piece.state == State::Playing {
                span.push((*row, *piece));
            }
        }
        if row.span_ends || run != Some(row.run) {
            let closed_by = span.last().map(|(row, _)| row.motion);
            settle(&mut span, closed_by, &mut lag_ms, parts);
        }
    }
    let open = span.last().map(|(row, _)| row.motion);
    settle(&mut span, open, &mut lag_ms, parts);
}

/// One span. Where the playhead went from known to known, the lag decides; else each silence.
fn settle(
    span: &mut Vec<(&Row<'_>, Piece)>,
    closed_by: Option<Motion>,
    lag_ms: &mut f64,
    parts: &mut Parts,
) {
    let wall_ms: i64 = span.iter().map(|(_, piece)| piece.ms).sum();
    let gap_ms = match closed_by {
        Some(Motion::Advanced { sec, rate }) => {
            let behind_ms = float(wall_ms) - sec / rate * 1000.0;
            let lagging_ms = f64::max(0.0, *lag_ms + behind_ms);
            let gap_ms = whole(lagging_ms - 1000.0).clamp(0, wall_ms);
            // Choice: a gap is whole ms; the fraction of one stays in the lag.
            *lag_ms = f64::min(lagging_ms - float(gap_ms), 1001.0);
            gap_ms
        }
        _ => {
            let ours = span.iter().filter(|(row, _)| !row.six());
            ours.map(|(row, piece)| (piece.ms - silence_ms(row)).max(0))
                .sum()
        }
    };
    parts.playing_ms += wall_ms - gap_ms;
    parts.gap_ms += gap_ms;
    span.clear();
}

/// Rule 11: the growth of the totals, one part after another, clamped to what is left of the wall
/// time. Returns what was spent, and what of it was stalled.
pub(crate) fn spend_told(told: &Told, started: bool, parts: &mut Parts) -> (i64, i64) {
    let grown = &told.growth;
    let startup_ms = if started { 0 } else { grown.startup_ms };
    let mut stalled_ms = 0;
    let wanted = [
        (&mut parts.starting_ms, startup_ms),
        (&mut parts.playing_ms, grown.playing_ms),
        (&mut stalled_ms, grown.rebuffer_ms),
        (&mut parts.seek_ms, grown.seek_ms),
        (&mut parts.paused_ms, grown.paused_ms),
        (&mut parts.ended_ms, grown.ended_ms),
        (&mut parts.idle_ms, grown.idle_ms),
    ];
    let mut spent_ms = 0;
    for (part, ms) in wanted {
        let ms = ms.min(told.wall_ms - spent_ms);
        *part += ms;
        spent_ms += ms;
    }
    (spent_ms, stalled_ms)
}
