//! What a client is told of its events.

use actix::prelude::*;

use crate::storage::Fate;
use crate::storage::event::Reason;

/// What is wrong with an event that nothing is wrong with.
const EXPIRED: &str = "it comes too late: its session is sealed, or lies before all that is kept";

/// What a client is told of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventFate {
    /// It is committed.
    Accepted,
    /// It was committed already.
    Duplicate,
    /// It is refused, with a detail for a person.
    Rejected(Reason, String),
    /// PostgreSQL was away: the client must send it again.
    Unknown,
    /// It was not looked at, since as many sessions are live as may be: the client must send it again.
    NoRoom,
}

/// The fates of a message's events, in their order.
#[derive(Debug, MessageResponse)]
pub struct Delivery(pub Vec<EventFate>);

impl EventFate {
    pub(super) fn full(max_session_events: usize) -> Self {
        let detail = format!("the session has its {max_session_events} events");
        EventFate::Rejected(Reason::SessionFull, detail)
    }

    pub(super) fn erased() -> Self {
        let detail = "the session was erased: nothing of it is kept".to_owned();
        EventFate::Rejected(Reason::Erased, detail)
    }
}

impl From<Fate> for EventFate {
    fn from(fate: Fate) -> Self {
        match fate {
            Fate::New => EventFate::Accepted,
            Fate::Duplicate => EventFate::Duplicate,
            Fate::Poison(message) => EventFate::Rejected(Reason::Unstorable, message),
            Fate::Expired => EventFate::Rejected(Reason::Expired, EXPIRED.to_owned()),
            Fate::Unknown => EventFate::Unknown,
        }
    }
}
