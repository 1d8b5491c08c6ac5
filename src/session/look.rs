//! Looking at a live session's figures. Looking changes nothing: it neither starts an actor nor keeps
//! one alive.

use std::sync::Arc;
use std::time::Duration;

use actix::prelude::*;
use futures_util::future::join_all;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::actor::SessionActor;
use super::registry::Registry;
use crate::qoe::SessionSummary;
use crate::storage::SessionKey;

/// Sessions that have not answered by then are busy, and left out of a look at all.
const LONGEST_ROUND: Duration = Duration::from_secs(1);

/// Somebody wants to see the figures so far.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Look {
    pub(super) reply: oneshot::Sender<Figures>,
}

/// A live session's figures.
#[derive(Debug, Clone)]
pub struct Figures {
    /// What was folded since the actor started.
    pub summary: SessionSummary,
    /// It is known not to be the fold of the session's rows.
    pub stale: bool,
}

/// The session is there and has no time now.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the session is busy")]
pub struct Busy;

impl Registry {
    /// The figures of up to `most` live sessions of a project that have events, in no order. Those
    /// that are busy are left out.
    pub async fn figures_of_all(
        &self,
        project: &str,
        most: usize,
    ) -> Vec<(Arc<SessionKey>, Figures)> {
        let asked = self
            .addresses(project, most)
            .into_iter()
            .map(|(key, address)| {
                let (reply, told) = oneshot::channel();
                let sent = address.try_send(Look { reply });
                async move { sent.ok().and(told.await.ok()).map(|figures| (key, figures)) }
            });
        // Each is asked before any is waited for.
        let asked: Vec<_> = asked
            .map(|answer| async { timeout(LONGEST_ROUND, answer).await.ok().flatten() })
            .collect();
        let told = join_all(asked).await.into_iter().flatten();
        told.filter(|(_, figures)| figures.summary.event_count > 0)
            .collect()
    }
}

impl Handler<Look> for SessionActor {
    type Result = ();

    fn handle(&mut self, message: Look, _: &mut Self::Context) {
        // Who asked may have gone.
        message.reply.send(self.figures()).ok();
    }
}
