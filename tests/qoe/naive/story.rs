//! Tells the rows: what each event meant after those before it (metrics.md, rules 2–6 and 8–11).

use video_telemetry::qoe::{Event, EventKind as K, State};

use super::holes::{adopt, bridged};
use super::losses::{self, Hole};
use super::numbers::{place, whole};
use super::playhead::{self, far};
use super::row::{self, Base, Mark, Motion, Piece, Row};
use super::shown;
use super::table::{self, Asked};

pub(crate) fn tell(events: &[Event]) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for event in events {
        let mut row = match losses::hole_before(&rows, event) {
            Hole::Told(told) => bridged(&rows, event, told),
            Hole::None => stepped(&rows, event),
            Hole::Untold if event.kind == K::SessionEnd => stepped(&rows, event),
            Hole::Untold => {
                let mut row = stepped(&rows, event);
                adopt(&rows, &mut row, 0);
                row
            }
        };
        give_up_base_at_a_new_rendition(&rows, &mut row);
        rows.push(row);
    }
    rows
}

/// The parts as of these rows and the one being written.
fn playing_ms(rows: &[Row<'_>], row: &Row<'_>) -> i64 {
    let mut all = rows.to_vec();
    all.push(row.clone());
    row::parts(&all).playing_ms
}

fn starting_ms(rows: &[Row<'_>], row: &Row<'_>) -> i64 {
    let mut all = rows.to_vec();
    all.push(row.clone());
    row::parts(&all).starting_ms
}

/// An event without a hole before it.
fn stepped<'a>(rows: &[Row<'a>], event: &'a Event) -> Row<'a> {
    let mut row = Row::after(rows, event);
    let ms = spend_the_stretch(rows, &mut row);
    infer_first_frame(rows, &mut row, ms);
    let from = row.state();
    let asked = ask(rows, &row);
    let to = table::leads_to(from, event.kind, event.reason, &asked);
    remember(rows, &mut row);
    if from == State::Rebuffering && event.kind == K::BufferEnd && asked.far {
        row.stall_was_seek = true;
        row.marks.push(Mark::Begin(row.since_ms));
        row.marks.push(Mark::End(row.at_ms()));
    }
    let at_ms = row.at_ms();
    enter(rows, &mut row, to, at_ms);
    locate(rows, &mut row, from, ms);
    row
}

/// Rule 8, and the piece in the state before. Returns the length of the last piece, ms.
fn spend_the_stretch(rows: &[Row<'_>], row: &mut Row<'_>) -> i64 {
    let before_ms = rows.last().map_or(row.at_ms(), Row::at_ms);
    let mut ms = row.at_ms().saturating_sub(before_ms);
    let ended = row::open_seek(rows).filter(|(until_ms, _)| {
        let by_error = *until_ms == row.at_ms() && row.event.kind == K::PlayerError;
        *until_ms <= row.at_ms() && !by_error
    });
    if let Some((until_ms, to_sec)) = ended {
        row.seek_closed = true;
        row.marks.push(Mark::End(until_ms));
        if row.state() == State::Seeking {
            let rest_ms = row.at_ms().saturating_sub(until_ms).clamp(0, ms);
            add_piece(row, ms - rest_ms);
            ms = rest_ms;
            row.since_ms = row.at_ms().saturating_sub(rest_ms);
            row.states.push(State::Playing);
            row.run += 1;
            row.wait_over = true;
            row.base = Base {
                sec: place(to_sec),
                ..Base::default()
            };
        }
    }
    row.motion = playhead::motion(rows, &row.base, row.event, ms);
    if row.state() == State::Playing {
        row.steady = playhead::steady(rows, row, ms);
    }
    add_piece(row, ms);
    ms
}

fn add_piece(row: &mut Row<'_>, ms: i64) {
    row.pieces.push(Piece {
        state: row.state(),
        ms,
        run: row.run,
    });
}

/// Rule 3, of the original client alone: a playhead that has moved since PLAY. Choice: dated back
/// no further than to where STARTING began, and by no more than STARTING was credited.
fn infer_first_frame(rows: &[Row<'_>], row: &mut Row<'_>, ms: i64) {
    let says_so = matches!(row.event.kind, K::FirstFrame | K::BufferEnd);
    if row.state() != State::Starting || !row.six() || says_so {
        return;
    }
    let Some(ago_ms) = playhead::shown_ago_ms(rows, row, ms) else {
        return;
    };
    let since_play_ms = row.at_ms() - row.since_ms;
    row.dated_back_ms = ago_ms.min(since_play_ms).min(starting_ms(rows, row));
    row.wait_over = true;
    let at_ms = row.at_ms() - row.dated_back_ms;
    enter(rows, row, State::Playing, at_ms);
    row.base = playhead::base_at(&row.base, row.event);
}

fn ask(rows: &[Row<'_>], row: &Row<'_>) -> Asked {
    let six = row.six();
    let event = row.event;
    let last_play = rows.iter().rev().find(|row| row.event.kind == K::Play);
    let moved = last_play.filter(|play| play.moved && row.at_ms() - play.at_ms() <= 1000);
    let was_playing = row.pieces.last().map(|piece| piece.state) == Some(State::Playing);
    let jumped = was_playing && row.motion == Motion::Jumped;
    let doomed = row::doomed_until_ms(rows).is_some_and(|until| playing_ms(rows, row) < until);
    Asked {
        fatal: row.fatal,
        started: row.started,
        sought: six && (jumped || moved.is_some()),
        stream_end: six && event.buffer_length_sec.is_some_and(|sec| sec < 0.1),
        doomed,
        far: six && far(row.held_sec, row.here_sec()),
        wait: row::open_wait(rows).filter(|_| !row.wait_over),
        seek_open: !row.seek_closed && row::open_seek(rows).is_some(),
    }
}

/// What an event says for later, whatever it leads to.
pub(crate) fn remember(rows: &[Row<'_>], row: &mut Row<'_>) {
    let event = row.event;
    match event.kind {
        K::Play => {
            row.intent = true;
            // Rule 5.
            let held = matches!(row.state(), State::Paused | State::Ended);
            row.moved = held && far(row.held_sec, row.here_sec());
        }
        K::Seek if row.started => {
            let over = [State::Failed, State::Closed];
            if over.contains(&row.state()) {
                return;
            }
            row.marks.push(Mark::Begin(row.at_ms()));
            let seek = event.seek.as_deref().copied().unwrap_or_default();
            if let Some(ms) = seek.duration_ms.filter(|ms| *ms >= 0) {
                row.seek_opened = Some((row.at_ms().saturating_add(ms), seek.to_sec));
            }
        }
        K::PlayerError if row.fatal => {
            let so_far_ms = playing_ms(rows, row);
            row.failed_at_ms = row.started.then_some(so_far_ms);
            if row.state() == State::Playing {
                // Rule 9. Choice: what is buffered, at most 600 s, and the 10 s that take a failure back.
                let ahead_sec = event.buffer_length_sec.unwrap_or(0.0).clamp(0.0, 600.0);
                let ahead_ms = whole((ahead_sec * 1000.0).round());
                row.doom_ms = Some(Some(so_far_ms + ahead_ms + 10_000));
            }
        }
        _ => {}
    }
}

/// Goes on to a state, if it is another one.
pub(crate) fn enter(rows: &[Row<'_>], row: &mut Row<'_>, to: State, at_ms: i64) {
    let from = row.state();
    if from == to {
        return;
    }
    if from == State::Seeking {
        row.marks.push(Mark::End(at_ms));
        row.seek_closed |= to == State::Playing;
    }
    let wait_of_seek = row::open_wait(rows) == Some(true);
    let open = !row.seek_closed && row::open_seek(rows).is_some_and(|seek| seek.0 > at_ms);
    let same_seek = row.event.kind == K::Play && (open || wait_of_seek);
    match to {
        State::Playing if !row.started => {
            row.started = true;
            row.startup_seen = row.intent && from != State::Idle;
        }
        State::Starting => row.intent = true,
        State::Seeking if row.event.kind != K::Seek && !same_seek => {
            row.marks.push(Mark::Begin(at_ms));
        }
        State::Failed if row.event.kind == K::BufferStart => {
            row.failed_at_ms = Some(playing_ms(rows, row));
            row.doom_ms = Some(None);
        }
        _ => {}
    }
    if to == State::Playing && matches!(from, State::Failed | State::Closed | State::Ended) {
        row.doom_ms = Some(None);
    }
    row.states.push(to);
    row.run += 1;
    row.since_ms = at_ms;
    row.base.wall_ms = 0;
}

/// Where the playhead is after the event. One that moved unseen is not known.
fn locate(rows: &[Row<'_>], row: &mut Row<'_>, from: State, ms: i64) {
    let entered = row.state() != from;
    let moving = matches!(from, State::Playing | State::Seeking | State::Starting);
    let known = place(row.event.position_sec).is_some();
    if row.state() == State::Starting && !entered {
        row.base = playhead::base_waiting(rows, &row.base, row.event, ms);
    } else if entered && moving && !known {
        row.base = Base::default();
    } else {
        if !entered && from == State::Playing && row.dated_back_ms == 0 {
            row.base.wall_ms += ms;
        }
        row.base = playhead::base_at(&row.base, row.event);
    }
    row.span_ends = known;
    if entered {
        row.held_sec = row.base.sec;
    }
}

/// Choice: what was played before a new rendition stays with the old one, so a position learned
/// later cannot reach back over the change.
fn give_up_base_at_a_new_rendition(rows: &[Row<'_>], row: &mut Row<'_>) {
    let events: Vec<&Event> = rows
        .iter()
        .map(|row| row.event)
        .chain([row.event])
        .collect();
    if row.state() == State::Playing && shown::changes(&events) && row.base.wall_ms > 0 {
        row.base = Base {
            frames: row.base.frames,
            ..Base::default()
        };
        row.span_ends = true;
    }
}
