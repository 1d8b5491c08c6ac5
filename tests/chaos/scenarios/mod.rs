//! All of them, in the order they run.

mod frozen;
mod overload;
mod players;
mod resources;
mod servers;
mod storage;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use crate::report::Outcome;
use crate::stage::Stage;

type Played<'a> = LocalBoxFuture<'a, anyhow::Result<Outcome>>;

/// One of them.
pub struct Scenario {
    pub name: &'static str,
    pub play: for<'a> fn(&'a mut Stage<'_>) -> Played<'a>,
}

pub const ALL: [Scenario; 12] = [
    Scenario {
        name: "service-killed",
        play: |stage| servers::killed(stage).boxed_local(),
    },
    Scenario {
        name: "postgresql-stopped",
        play: |stage| storage::stopped(stage).boxed_local(),
    },
    Scenario {
        name: "postgresql-frozen",
        play: |stage| frozen::frozen(stage).boxed_local(),
    },
    Scenario {
        name: "connections-exhausted",
        play: |stage| storage::exhausted(stage).boxed_local(),
    },
    Scenario {
        name: "disk-full",
        play: |stage| resources::disk_full(stage).boxed_local(),
    },
    Scenario {
        name: "bad-network",
        play: |stage| players::network(stage).boxed_local(),
    },
    Scenario {
        name: "unreliable-players",
        play: |stage| players::unreliable(stage).boxed_local(),
    },
    Scenario {
        name: "two-servers",
        play: |stage| servers::two(stage).boxed_local(),
    },
    Scenario {
        name: "three-servers",
        play: |stage| servers::three(stage).boxed_local(),
    },
    Scenario {
        name: "asked-to-stop",
        play: |stage| servers::asked_to_stop(stage).boxed_local(),
    },
    Scenario {
        name: "overload",
        play: |stage| overload::overload(stage).boxed_local(),
    },
    Scenario {
        name: "memory",
        play: |stage| resources::memory(stage).boxed_local(),
    },
];
