//! Rule 11: the row of an event with a hole before it.

use video_telemetry::qoe::{Event, EventKind as K, PlayerState, State};

use super::losses::Told;
use super::playhead;
use super::row::{self, Base, Mark, Row};
use super::story::{enter, remember};

/// Rule 11 with totals: they tell of the stretch since the anchor, and the event names the state.
pub(crate) fn bridged<'a>(rows: &[Row<'a>], event: &'a Event, told: Told) -> Row<'a> {
    let mut row = Row::after(rows, event);
    row.told = Some(told);
    row.run += 1;
    let anchor = rows.get(told.anchor);
    row.started = anchor.is_some_and(|anchor| anchor.started);
    if told.growth.seek_ms > 0 {
        row.marks.push(Mark::Lost(row.at_ms() - told.wall_ms));
    }
    row.intent |= told.growth.startup_ms > 0 || told.growth.playing_ms > 0;
    adopt(rows, &mut row, told.growth.startup_ms);
    remember(rows, &mut row);
    if event.kind == K::SessionEnd {
        let at_ms = row.at_ms();
        enter(rows, &mut row, State::Closed, at_ms);
    }
    row
}

/// Rule 11: the state is the one the event names; what the playhead did before is not known.
pub(crate) fn adopt(rows: &[Row<'_>], row: &mut Row<'_>, startup_ms: i64) {
    let from = row.state();
    let to = named(rows, row).unwrap_or(from);
    let totals = row.event.totals.as_deref();
    let played = totals.and_then(|totals| totals.playing_ms).unwrap_or(0) > 0;
    let after_a_frame = [
        State::Playing,
        State::Rebuffering,
        State::Seeking,
        State::Paused,
    ];
    if !row.started && (played || after_a_frame.contains(&to)) {
        row.started = true;
        row.intent = true;
        row.startup_seen = from == State::Starting || startup_ms > 0;
    }
    let at_ms = row.at_ms();
    if to != State::Seeking {
        let open = row::open_seek(rows).filter(|_| !row.seek_closed);
        if let Some((until_ms, _)) = open.or(row.seek_opened) {
            row.marks.push(Mark::End(until_ms.min(at_ms)));
        }
        if from == State::Seeking {
            row.marks.push(Mark::End(at_ms));
        }
        row.seek_closed = true;
    } else if from != State::Seeking {
        row.marks.push(Mark::Begin(at_ms));
    }
    if to == State::Playing && matches!(from, State::Failed | State::Closed | State::Ended) {
        row.doom_ms = Some(None);
    }
    row.intent |= to == State::Starting;
    row.states.push(to);
    row.run += 1;
    row.since_ms = at_ms;
    row.base = playhead::base_at(&Base::default(), row.event);
    row.held_sec = row.base.sec;
    row.span_ends = true;
    row.adopted = true;
}

/// Choice: `starting` and `idle` cannot come back after a first frame, and `ended` may mean failed.
fn named(rows: &[Row<'_>], row: &Row<'_>) -> Option<State> {
    let mut all = rows.to_vec();
    all.push(row.clone());
    let failing = row.fatal
        || row::start_failed(rows)
        || row::playback_failed(&all, row::parts(&all).playing_ms);
    Some(match row.event.state? {
        PlayerState::Starting if !row.started => State::Starting,
        PlayerState::Starting | PlayerState::Playing => State::Playing,
        PlayerState::Rebuffering => State::Rebuffering,
        PlayerState::Seeking => State::Seeking,
        PlayerState::Idle if !row.started => State::Idle,
        PlayerState::Idle | PlayerState::Paused => State::Paused,
        PlayerState::Ended if failing => State::Failed,
        PlayerState::Ended => State::Ended,
    })
}
