//! How it is right now: the sessions that live on this server, by what they are doing.
//!
//! A session is in the state of its last event, as the fold has it, until it goes idle and leaves.
//! Names of states and dimensions are those of the fold and of `session_summaries`. Another server's
//! sessions are its own to tell.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use utoipa::ToSchema;

use super::overview::{Counts, Overview};
use super::registry::Registry;
use crate::qoe::{Dimension, State};
use crate::storage::query::{Mistake, Params};

/// The parameters of the question.
pub const LIVE_PARAMS: &[&str] = &["group_by", "limit"];
/// Groups of an answer, unless asked otherwise.
const DEFAULT_GROUPS: i64 = 20;

/// By what, and how many groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveQuery {
    dimension: Option<Dimension>,
    limit: usize,
}

/// The live sessions of this server at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LiveAnswer {
    /// The moment.
    pub time: DateTime<Utc>,
    /// The dimension, if one was asked for.
    #[schema(value_type = Vec<String>)]
    pub group_by: Vec<&'static str>,
    /// All sessions.
    pub total: LiveCounts,
    /// The largest groups, if a dimension was asked for.
    pub data: Vec<LiveGroup>,
    /// The groups that are not shown, together; null if all are.
    pub other: Option<LiveCounts>,
    /// How many groups there are.
    pub groups: usize,
    /// Always null: ask for a larger `limit`.
    pub next_cursor: Option<String>,
    /// There are groups that are not shown.
    pub has_more: bool,
    /// When there will be another answer.
    #[serde(skip)]
    pub until: Instant,
}

/// The sessions with one value of the dimension.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct LiveGroup {
    /// The dimension's value; null where it is not known.
    #[schema(value_type = HashMap<String, Value>)]
    pub group: Map<String, Value>,
    /// How many.
    #[serde(flatten)]
    pub counts: LiveCounts,
}

/// How many sessions.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, ToSchema)]
pub struct LiveCounts {
    /// Sessions that live: of which an event came within the idle time-out.
    pub sessions: u64,
    /// Of these, sessions that are starting, playing, rebuffering or seeking: somebody wants to see
    /// the picture move.
    pub watching: u64,
    /// rebuffering ÷ watching, 0–1; null where nobody watches.
    pub rebuffering_share: Option<f64>,
    /// All of them by state; they add up to `sessions`.
    pub states: LiveStates,
}

/// Sessions by the state of their last event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct LiveStates {
    /// No wish to play yet, or taken back before the first frame.
    pub idle: u64,
    /// From the wish to play to the first frame.
    pub starting: u64,
    /// The playhead advances.
    pub playing: u64,
    /// Stalled after the first frame.
    pub rebuffering: u64,
    /// From a seek until playing again.
    pub seeking: u64,
    /// Paused after the first frame.
    pub paused: u64,
    /// The stream has ended.
    pub ended: u64,
    /// A fatal error stopped playback.
    pub failed: u64,
    /// The player said that the session is over.
    pub closed: u64,
}

impl LiveQuery {
    /// Reads it from the parameters.
    pub fn parse(params: &Params) -> Result<Self, Mistake> {
        let dimension = params.one("group_by")?.map(|name| {
            let found = Dimension::ALL.into_iter().find(|it| it.column() == name);
            let known = Dimension::ALL.map(Dimension::column);
            found.ok_or_else(|| Mistake::unknown("group_by", "dimension", name, known))
        });
        let dimension = dimension.transpose()?;
        Ok(Self {
            dimension,
            limit: usize::try_from(params.limit(DEFAULT_GROUPS)?).unwrap_or_default(),
        })
    }

    fn answer(self, project: &str, overview: &Overview) -> LiveAnswer {
        let grouped = overview.grouped(project, self.dimension);
        let shown = grouped.groups.iter().take(self.limit);
        let hidden = grouped.groups.iter().skip(self.limit);
        let has_more = grouped.groups.len() > self.limit;
        let other = hidden.fold(Counts::default(), |mut sum, (_, counts)| {
            sum.add(counts);
            sum
        });
        LiveAnswer {
            time: overview.time,
            group_by: self.dimension.map(Dimension::column).into_iter().collect(),
            total: LiveCounts::new(&grouped.total),
            data: shown
                .map(|(value, counts)| self.group(value.as_deref(), counts))
                .collect(),
            other: has_more.then(|| LiveCounts::new(&other)),
            groups: grouped.groups.len(),
            next_cursor: None,
            has_more,
            until: overview.until(),
        }
    }

    fn group(self, value: Option<&str>, counts: &Counts) -> LiveGroup {
        let value = match (self.dimension, value) {
            (Some(Dimension::Live), Some(value)) => Value::from(value == "true"),
            (_, value) => Value::from(value),
        };
        let dimension = self.dimension.map(Dimension::column);
        let group = dimension.map(|name| (name.to_owned(), value));
        LiveGroup {
            group: group.into_iter().collect(),
            counts: LiveCounts::new(counts),
        }
    }
}

impl LiveCounts {
    fn new(counts: &Counts) -> Self {
        let states = LiveStates {
            idle: counts.of(State::Idle),
            starting: counts.of(State::Starting),
            playing: counts.of(State::Playing),
            rebuffering: counts.of(State::Rebuffering),
            seeking: counts.of(State::Seeking),
            paused: counts.of(State::Paused),
            ended: counts.of(State::Ended),
            failed: counts.of(State::Failed),
            closed: counts.of(State::Closed),
        };
        let watching = states.starting + states.playing + states.rebuffering + states.seeking;
        Self {
            sessions: counts.all(),
            watching,
            rebuffering_share: share(states.rebuffering, watching),
            states,
        }
    }
}

#[expect(
    clippy::as_conversions,
    reason = "there is no other way, and counts are far below 2^53"
)]
fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

impl Registry {
    /// How it is right now on this server. `None` when the process ends.
    pub async fn live(self: &Arc<Self>, project: &str, query: LiveQuery) -> Option<LiveAnswer> {
        let overview = self.latest_overview().await?;
        let project: Box<str> = project.into();
        let counting = spawn_blocking(move || query.answer(&project, &overview));
        counting.await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::query::FIELDS;

    fn parse(pairs: &[(&str, &str)]) -> Result<LiveQuery, Mistake> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let pairs = pairs.iter().map(owned).collect();
        LiveQuery::parse(&Params::new(pairs, &[LIVE_PARAMS])?)
    }

    #[test]
    fn every_dimension_of_live_sessions_is_one_of_finished_ones() {
        for dimension in Dimension::ALL {
            let field = FIELDS.iter().find(|it| it.name == dimension.column());
            assert!(field.unwrap().dimension.is_some(), "{dimension:?}");
            let query = parse(&[("group_by", dimension.column())]).unwrap();
            assert_eq!(query.dimension, Some(dimension));
        }
    }

    #[test]
    fn a_dimension_that_is_not_known_while_a_session_lives_is_refused() {
        for wrong in ["end_reason", "startup_ms", "custom.plan", "browser,os"] {
            let mistake = parse(&[("group_by", wrong)]).unwrap_err();
            assert_eq!(mistake.parameter, "group_by", "{wrong}");
        }
        assert!(parse(&[("group_by", "os"), ("group_by", "browser")]).is_err());
        let slip = parse(&[("group_by", "browsr")]).unwrap_err();
        assert!(slip.detail.contains("did you mean browser?"), "{slip}");
    }
}
