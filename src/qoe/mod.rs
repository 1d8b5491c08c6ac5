//! The model: what a playback session's events mean. Values in, values out.
//!
//! Nothing here does I/O, reads a clock, knows actix, diesel or JSON, or can fail.
//! All times are whole milliseconds, all positions seconds of media time.
//!
//! `fold` takes the events in the order of `order`; `step` credits the stretch before an event to
//! its part (`parts`) and looks up where it leads (`state`, the table). `playhead`, `seek` and
//! `loss` with `bridge` infer what an event does not say; `summarize` turns it all into figures.
//! `explain` tells what each event changed in them, `spans` what became of the session's time.

mod bridge;
mod clock;
mod errors;
mod event;
mod explain;
mod fold;
mod identity;
mod known;
mod loss;
mod num;
mod order;
mod part;
mod parts;
mod playhead;
mod quality;
mod readings;
mod samples;
mod score;
mod seek;
mod spans;
mod state;
mod step;
mod summarize;
mod summary;
mod texts;

pub use event::{
    ErrorInfo, Event, EventKind, PlayerState, Reason, SeekInfo, SessionStartInfo, Totals,
};
pub use explain::{Explainer, Step, Told, explain};
pub use fold::{Applied, FOLD_VERSION, SessionFold, fold};
pub use identity::{Dimension, Identity};
pub use part::{Count, Part, PartTimes};
pub use readings::Readings;
pub use spans::{Span, Spans};
pub use state::State;
pub use summary::SessionSummary;

#[cfg(test)]
mod tests;
