//! The actors: one per live session, and what keeps their summaries coming.
//!
//! An actor is only a cache of its session's fold and may be dropped at any time: the rows are the
//! truth, and a summary is written under guard or left to recovery. At most one actor per session is
//! alive in a process (the registry's map decides), and an actor leaves the map only when its summary
//! is written, nothing is in flight and nothing was folded since.

mod actor;
pub mod clock;
mod fate;
mod live;
mod look;
mod metrics;
mod overview;
mod presence;
mod recovery;
mod registry;
mod store;
mod sweeper;
#[cfg(test)]
mod tests;

pub use actor::{Close, Ingest, MAX_SESSION_EVENTS, SessionActor};
pub use fate::{Delivery, EventFate};
pub use live::{LIVE_PARAMS, LiveAnswer, LiveCounts, LiveGroup, LiveQuery, LiveStates};
pub use look::{Busy, Figures, Look};
pub use metrics::Metrics;
pub use recovery::keep_recovering;
pub use registry::{Limits, Registry, Settings};
pub use store::Store;
pub use sweeper::sweep;
