//! Stalls: at least 250 ms are rebuffer, less is playing, and one that a jump ends was a seek.

use video_telemetry::qoe::State;

use super::ledger::{Parts, silence_ms, spend_told};
use super::row::Row;

pub(crate) fn count(rows: &[&Row<'_>], parts: &mut Parts) {
    for (at, row) in rows.iter().enumerate() {
        for piece in &row.pieces {
            if piece.state == State::Rebuffering {
                parts.open_stall_ms += piece.ms.min(silence_ms(row));
            }
        }
        if row.told.is_some() {
            let before = at.checked_sub(1).and_then(|before| rows.get(before));
            tell(row, before.is_some_and(|row| row.started), parts);
        }
        if row.stall_was_seek {
            parts.seek_ms += std::mem::take(&mut parts.open_stall_ms);
            parts.open_stall_counted = false;
        }
        let entered = row.states.iter().skip(1);
        let left = |state: &State| *state != State::Rebuffering;
        if entered.clone().any(left) || left(&row.state()) {
            close(parts);
        }
    }
}

/// The stall is over. One that never lasted is none.
pub(crate) fn close(parts: &mut Parts) {
    let ms = std::mem::take(&mut parts.open_stall_ms);
    let counted = std::mem::take(&mut parts.open_stall_counted);
    if counted || ms >= 250 {
        parts.rebuffer_ms += ms;
        parts.rebuffer_count += i64::from(!counted);
    } else if ms > 0 {
        parts.playing_ms += ms;
        parts.micro_stall_ms += ms;
        parts.micro_stall_count += 1;
    }
}

/// Rule 11. Choice: the client's count may take in an open stall or not, so it is believed between
/// what is certain and what is possible.
fn tell(row: &Row<'_>, started: bool, parts: &mut Parts) {
    let Some(told) = &row.told else { return };
    let was_open = parts.open_stall_ms > 0;
    parts.open_stall_ms += spend_told(told, started, &mut Parts::default()).1;
    let certain = parts.rebuffer_count;
    // No stall under 250 ms counts, so there is only room for so many.
    let most = told.growth.stalls.saturating_add(i64::from(was_open));
    let possible = certain + most.min(parts.open_stall_ms / 250);
    let count = told
        .reported_stalls
        .unwrap_or(possible)
        .clamp(certain, possible);
    let goes_on = row.states.get(1) == Some(&State::Rebuffering);
    let new = told.growth.stalls > 0;
    let long_enough = !goes_on && parts.open_stall_ms >= 250;
    if count > certain && (new || long_enough) {
        parts.rebuffer_ms += std::mem::take(&mut parts.open_stall_ms);
        parts.rebuffer_count = count;
        parts.open_stall_counted = goes_on;
    } else if !goes_on {
        close(parts);
    }
}
