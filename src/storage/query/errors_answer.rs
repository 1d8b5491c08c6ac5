//! Errors as they are told.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::ComparedWith;
use super::parts::float;

/// The errors of a period, and what their shares are of.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ErrorsAnswer {
    /// The first moment of the period.
    pub from: DateTime<Utc>,
    /// The first moment after it.
    pub to: DateTime<Utc>,
    /// The period of `previous`, if it was asked for.
    pub compared_with: Option<ComparedWith>,
    /// All sessions of the period, those without an error included.
    pub total: Population,
    /// All sessions of the period before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_total: Option<Population>,
    /// The errors.
    pub data: Vec<ErrorFigures>,
    /// How many different errors there are.
    pub errors: i64,
    /// Always null: ask for a larger `limit`.
    pub next_cursor: Option<String>,
    /// There are errors that are not shown.
    pub has_more: bool,
}

/// Sessions of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Population {
    /// All of them.
    pub sessions: i64,
    /// Those in which somebody or something asked to play.
    pub attempts: i64,
}

/// An error, and the sessions that count with it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ErrorFigures {
    /// What players called it: the column `first_error`.
    pub error: String,
    /// In the period.
    #[serde(flatten)]
    pub affected: Affected,
    /// Of these sessions, those that failed before or after the first frame.
    pub failed: i64,
    /// Those that failed before it.
    pub vsf: i64,
    /// Those that failed after it.
    pub vpf: i64,
    /// All error events of these sessions, of whatever kind.
    pub error_count: i64,
    /// The fatal ones among them.
    pub fatal_error_count: i64,
    /// When the first of these sessions began.
    pub first_seen: DateTime<Utc>,
    /// When the last event came of any of them.
    pub last_seen: DateTime<Utc>,
    /// The one of them that began last.
    pub sample_session_id: String,
    /// The same in the period before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<Affected>,
    /// What changed since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delta: Option<Affected>,
}

/// Sessions that count with an error; within `delta`, how many more they are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct Affected {
    /// All of them.
    pub sessions: i64,
    /// Those in which somebody or something asked to play.
    pub attempts: i64,
    /// Their share of all attempts; null where there were none.
    pub share_of_attempts: Option<f64>,
}

impl Affected {
    pub(super) fn new(counted: Population, all: Population) -> Self {
        let share = || float(counted.attempts) / float(all.attempts);
        Self {
            sessions: counted.sessions,
            attempts: counted.attempts,
            share_of_attempts: (all.attempts > 0).then(share),
        }
    }

    pub(super) fn less(self, before: Self) -> Self {
        let shares = self.share_of_attempts.zip(before.share_of_attempts);
        Self {
            sessions: self.sessions - before.sessions,
            attempts: self.attempts - before.attempts,
            share_of_attempts: shares.map(|(now, before)| now - before),
        }
    }
}
