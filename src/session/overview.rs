//! All live sessions at once. Each actor shows its state and its dimensions in its presence; an
//! overview copies what is shown. It is made at most once a second, only when somebody asks, off the
//! threads that take events, and is shared by all who ask: so it costs the same for one dashboard and
//! for a hundred, and nothing for none.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use tokio::sync::Mutex as Turn;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::clock;
use super::presence::Glance;
use super::registry::Registry;
use crate::qoe::{Dimension, State};

/// How long an overview is the latest.
pub(super) const BEAT: Duration = Duration::from_secs(1);

/// Sessions by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Counts([u64; State::ALL.len()]);

impl Counts {
    pub(super) fn of(&self, state: State) -> u64 {
        let at = State::ALL.iter().position(|it| *it == state);
        at.and_then(|at| self.0.get(at))
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn all(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (ours, theirs) in self.0.iter_mut().zip(other.0) {
            *ours += theirs;
        }
    }

    fn count(&mut self, state: State) {
        let at = State::ALL.iter().position(|it| *it == state);
        if let Some(count) = at.and_then(|at| self.0.get_mut(at)) {
            *count += 1;
        }
    }
}

/// The sessions of one project, together and by the values of a dimension, the largest group first.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    pub(super) total: Counts,
    /// No value: it is not known.
    pub(super) groups: Vec<(Option<Box<str>>, Counts)>,
}

impl Grouped {
    fn new(sessions: &[Glance], dimension: Option<Dimension>) -> Self {
        let mut total = Counts::default();
        let mut groups: HashMap<Option<Cow<'_, str>>, Counts> = HashMap::new();
        for Glance { state, identity } in sessions {
            total.count(*state);
            let Some(dimension) = dimension else { continue };
            let group = groups.entry(identity.value(dimension)).or_default();
            group.count(*state);
        }
        let owned = |(value, counts): (Option<Cow<'_, str>>, _)| (value.map(Box::from), counts);
        let mut groups: Vec<(Option<Box<str>>, Counts)> = groups.into_iter().map(owned).collect();
        groups.sort_unstable_by(|(one, ones), (other, others)| {
            let by_size = others.all().cmp(&ones.all());
            let unknown_last = one.is_none().cmp(&other.is_none());
            by_size.then(unknown_last).then_with(|| one.cmp(other))
        });
        Self { total, groups }
    }
}

/// What is counted once: a project by a dimension.
type Question = (Box<str>, Option<Dimension>);

/// The live sessions at a moment.
pub(super) struct Overview {
    pub(super) time: DateTime<Utc>,
    made: Instant,
    by_project: HashMap<Arc<str>, Vec<Glance>>,
    counted: Mutex<HashMap<Question, Arc<Grouped>>>,
}

impl Overview {
    fn take(registry: &Registry) -> Self {
        let mut by_project: HashMap<Arc<str>, Vec<Glance>> = HashMap::new();
        for (project, glance) in registry.glances() {
            by_project.entry(project).or_default().push(glance);
        }
        Self {
            time: clock::now().trunc_subsecs(3),
            made: Instant::now(),
            by_project,
            counted: Mutex::default(),
        }
    }

    /// Until when it is the latest.
    pub(super) fn until(&self) -> Instant {
        self.made + BEAT
    }

    /// The sessions of a project, counted when they are asked for first.
    pub(super) fn grouped(&self, project: &str, dimension: Option<Dimension>) -> Arc<Grouped> {
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = counted.entry((project.into(), dimension));
        let sessions = self.by_project.get(project);
        let grouped = || Grouped::new(sessions.map_or(&[], Vec::as_slice), dimension);
        Arc::clone(counted.or_insert_with(|| Arc::new(grouped())))
    }
}

/// The overview that was made last, until it is of no use. Its lock is not the map's: who waits for
/// it waits for an overview.
#[derive(Default)]
pub(super) struct LatestOverview(Turn<Option<Arc<Overview>>>);

impl LatestOverview {
    /// Gives back the memory, which also holds dimensions of sessions that are gone.
    pub(super) fn forget_if_old(&self) {
        let Ok(mut latest) = self.0.try_lock() else {
            return;
        };
        if let Some(old) = latest.take_if(|overview| overview.until() <= Instant::now()) {
            spawn_blocking(move || drop(old));
        }
    }

    #[cfg(test)]
    pub(super) fn is_kept(&self) -> bool {
        self.0.try_lock().is_ok_and(|latest| latest.is_some())
    }
}

impl Registry {
    /// The overview of this second. `None` when the process ends.
    pub(super) async fn latest_overview(self: &Arc<Self>) -> Option<Arc<Overview>> {
        let mut latest = self.overview.0.lock().await;
        if let Some(overview) = &*latest
            && Instant::now() < overview.until()
        {
            return Some(Arc::clone(overview));
        }
        let (registry, old) = (Arc::clone(self), latest.take());
        let made = spawn_blocking(move || {
            // To let go of so many dimensions takes time too.
            drop(old);
            Arc::new(Overview::take(&registry))
        });
        let overview = made.await.ok()?;
        *latest = Some(Arc::clone(&overview));
        Some(overview)
    }
}
