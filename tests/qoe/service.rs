//! How the service uses the fold: events come in any order and any batch, and it may restart.

use proptest::sample::Index;
use video_telemetry::qoe::{Applied, Event, SessionFold, SessionSummary, fold};

use crate::properties::in_order;

/// A service that receives batches, folds what is in order, and folds anew from its rows what came
/// late, at a restart or when it is read.
#[derive(Default)]
struct Service {
    rows: Vec<Event>,
    session: SessionFold,
    stale: bool,
}

impl Service {
    fn receive(&mut self, batch: &[Event]) {
        for event in in_order(batch) {
            let known = self.rows.iter().any(|row| {
                (row.timestamp_ms, &row.event_id) == (event.timestamp_ms, &event.event_id)
            });
            if !known {
                self.stale |= self.session.apply(&event) == Applied::Late;
                self.rows.push(event);
            }
        }
    }

    fn restart(&mut self) {
        self.session = fold(self.rows.clone());
        self.stale = false;
    }

    fn read(&mut self) -> SessionSummary {
        if self.stale {
            self.restart();
        }
        self.session.summary()
    }
}

/// What the service tells when the events come in this order, in batches, with restarts between.
pub(crate) fn serve(events: &[Event], cuts: &[(Index, bool)]) -> SessionSummary {
    let mut at: Vec<(usize, bool)> = cuts
        .iter()
        .map(|(cut, restart)| (cut.index(events.len() + 1), *restart))
        .collect();
    at.sort_unstable();
    at.push((events.len(), false));
    let mut service = Service::default();
    let mut begin = 0;
    for (end, restart) in at {
        service.receive(events.get(begin..end).unwrap_or_default());
        begin = end;
        if restart {
            service.restart();
        }
    }
    service.read()
}
