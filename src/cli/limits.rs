//! What may be live in a serving process.

use clap::Args;

use crate::session::{Limits, MAX_SESSION_EVENTS};

#[derive(Debug, Args)]
pub(super) struct LimitArgs {
    /// Sessions live at once; beyond it events of a new one are answered with 503
    #[arg(
        long,
        env = "TELEMETRY_MAX_LIVE_SESSIONS",
        default_value_t = Limits::default().max_live_sessions,
        hide_env_values = true,
        value_name = "N"
    )]
    max_live_sessions: usize,
    /// Events of a session; the excess is rejected
    #[arg(
        long,
        env = "TELEMETRY_MAX_SESSION_EVENTS",
        default_value_t = Limits::default().max_session_events,
        hide_env_values = true,
        value_name = "N"
    )]
    max_session_events: usize,
}

impl LimitArgs {
    pub(super) fn limits(&self) -> Limits {
        Limits {
            max_live_sessions: self.max_live_sessions.max(1),
            // Folding from rows and timelines are made for no more.
            max_session_events: self.max_session_events.clamp(1, MAX_SESSION_EVENTS),
        }
    }
}
