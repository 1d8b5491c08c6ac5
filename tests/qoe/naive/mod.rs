//! metrics.md a second time, written from its text in another style: nothing runs along with the
//! events. The sorted events become a list of rows, one an event, each with the stretches of wall
//! time before it; every question is answered by reading the list again from its beginning or its
//! end, and every rule is a pass over it. Slow, and meant to be: it is compared with the fold.
//!
//! `order` is rule 1, `table` the states, `row` the list and what is read from it, `story` tells the
//! list (rules 2 to 6 and 8 to 10), `losses` and `holes` are rule 11, `ledger` spends the wall time (rules 7 and 11), `stalls` and
//! `seeks` count, `shown` is what was on screen, `figures` the rest.
//!
//! Where the text leaves a choice, the one made by `src/qoe` is taken and marked "Choice:".

mod figures;
mod holes;
mod ledger;
mod losses;
mod numbers;
mod order;
mod playhead;
mod row;
mod seeks;
mod shown;
mod stalls;
mod story;
mod table;

use video_telemetry::qoe::{Event, SessionSummary};

/// What the summary of these events says, in whatever order they come and however often.
pub(crate) fn summary(events: &[Event]) -> SessionSummary {
    let events = order::unique_in_order(events);
    let rows = story::tell(&events);
    figures::summary(&events, &rows)
}
