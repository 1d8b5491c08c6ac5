//! What happens between a player and us: events are lost, doubled and shuffled, clocks jump.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use video_telemetry::qoe::Event;

use super::plausible;

#[derive(Debug, Clone)]
enum Damage {
    Lose(Index),
    Double(Index),
    Swap(Index, Index),
    /// The clock jumps here, ms.
    Jump(Index, i64),
    /// The same stamp as the event before.
    Crowd(Index),
    NoTotals(Index),
    NoState(Index),
    NoSeq(Index),
    NoPosition(Index),
}

fn damage() -> impl Strategy<Value = Damage> {
    let at = any::<Index>;
    prop_oneof![
        4 => at().prop_map(Damage::Lose),
        1 => at().prop_map(Damage::Double),
        1 => (at(), at()).prop_map(|(a, b)| Damage::Swap(a, b)),
        1 => (at(), -90_000..4_000_000_i64).prop_map(|(at, ms)| Damage::Jump(at, ms)),
        1 => at().prop_map(Damage::Crowd),
        1 => at().prop_map(Damage::NoTotals),
        1 => at().prop_map(Damage::NoState),
        1 => at().prop_map(Damage::NoSeq),
        1 => at().prop_map(Damage::NoPosition),
    ]
}

/// A plausible stream after such a journey.
pub(crate) fn damaged() -> impl Strategy<Value = Vec<Event>> {
    (plausible(), vec(damage(), 1..8)).prop_map(|(mut events, damages)| {
        for damage in &damages {
            if !events.is_empty() {
                suffer(&mut events, damage);
            }
        }
        events
    })
}

fn suffer(events: &mut Vec<Event>, damage: &Damage) {
    let count = events.len();
    match damage {
        Damage::Lose(at) => {
            events.remove(at.index(count));
        }
        Damage::Double(at) => events.push(at.get(events).clone()),
        Damage::Swap(a, b) => events.swap(a.index(count), b.index(count)),
        Damage::Jump(at, ms) => {
            for event in events.iter_mut().skip(at.index(count)) {
                event.timestamp_ms += ms;
            }
        }
        Damage::Crowd(at) => {
            let before = at.index(count).checked_sub(1);
            let stamp = before
                .and_then(|before| events.get(before))
                .map(|event| event.timestamp_ms);
            let event = at.get_mut(events);
            event.timestamp_ms = stamp.unwrap_or(event.timestamp_ms);
        }
        Damage::NoTotals(at) => at.get_mut(events).totals = None,
        Damage::NoState(at) => at.get_mut(events).state = None,
        Damage::NoSeq(at) => at.get_mut(events).seq = None,
        Damage::NoPosition(at) => at.get_mut(events).position_sec = None,
    }
}
