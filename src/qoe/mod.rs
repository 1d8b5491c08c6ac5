//! The model: what a playback session's events mean. Values in, values out.
//!
//! Nothing here does I/O, reads a clock, knows actix, diesel or JSON, or can fail.
//! All times are whole milliseconds, all positions seconds of media time.

mod event;
mod summary;

pub use event::{
    ErrorInfo, Event, EventKind, PlayerState, Reason, SeekInfo, SessionStartInfo, Totals,
};
pub use summary::SessionSummary;
mod fold;
pub use fold::{Applied, FOLD_VERSION, SessionFold};
