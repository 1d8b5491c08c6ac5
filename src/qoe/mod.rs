//! The model: what a playback session's events mean. Values in, values out.
//!
//! Nothing here does I/O, reads a clock, knows actix, diesel or JSON, or can fail.
//! All times are whole milliseconds, all positions seconds of media time.
//!
//! [`fold`] is where an event goes through: [`order`] says when, [`state`] where it leads, [`parts`]
//! where the time goes; [`playhead`], [`seek`] and [`loss`] infer what an event does not say.

mod bridge;
mod clock;
mod errors;
mod event;
mod fold;
mod identity;
mod known;
mod loss;
mod num;
mod order;
mod parts;
mod playhead;
mod quality;
mod samples;
mod score;
mod seek;
mod state;
mod step;
mod summarize;
mod summary;

pub use event::{
    ErrorInfo, Event, EventKind, PlayerState, Reason, SeekInfo, SessionStartInfo, Totals,
};
pub use fold::{Applied, FOLD_VERSION, SessionFold, fold};
pub use state::State;
pub use summary::SessionSummary;

#[cfg(test)]
mod tests;
