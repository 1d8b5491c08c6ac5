//! Looking at a live session's figures. Looking changes nothing: it neither starts an actor nor keeps
//! one alive.

use actix::prelude::*;
use tokio::sync::oneshot;

use super::actor::SessionActor;
use crate::qoe::SessionSummary;

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

impl Handler<Look> for SessionActor {
    type Result = ();

    fn handle(&mut self, message: Look, _: &mut Self::Context) {
        // Who asked may have gone.
        message.reply.send(self.figures()).ok();
    }
}
