//! What a viewer, a network and a player do, one thing after another.

use proptest::prelude::*;
use video_telemetry::qoe::Reason;

/// What happens next.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Act {
    Play,
    Pause,
    /// Time passes; the playhead moves if it plays.
    Pass(i64),
    /// Time passes and nothing moves: the tab sleeps.
    Sleep(i64),
    Stall(i64),
    Seek {
        to_sec: i64,
        ms: i64,
    },
    Quality(i32),
    Rate(f64),
    Error {
        fatal: bool,
        buffered_sec: Option<f64>,
    },
    Hide(bool),
    End,
    Close(Reason),
}

/// Any of them.
pub(crate) fn act() -> impl Strategy<Value = Act> {
    let span = || prop_oneof![4 => 1..3_000_i64, 3 => 3_000..15_000_i64, 1 => 15_000..400_000_i64];
    let stall = prop_oneof![0..500_i64, 100..5_000_i64, 1_000..60_000_i64];
    prop_oneof![
        3 => Just(Act::Play),
        2 => Just(Act::Pause),
        6 => span().prop_map(Act::Pass),
        1 => (1_000..4_000_000_i64).prop_map(Act::Sleep),
        3 => stall.clone().prop_map(Act::Stall),
        3 => (0..600_i64, stall).prop_map(|(to_sec, ms)| Act::Seek { to_sec, ms }),
        2 => (0..4_i32).prop_map(Act::Quality),
        1 => prop_oneof![Just(0.5), Just(1.0), Just(1.25), Just(2.0)].prop_map(Act::Rate),
        1 => (any::<bool>(), proptest::option::of(0.0..30.0_f64))
            .prop_map(|(fatal, buffered_sec)| Act::Error { fatal, buffered_sec }),
        1 => any::<bool>().prop_map(Act::Hide),
        1 => Just(Act::End),
        1 => prop_oneof![Just(Reason::PageClose), Just(Reason::SourceChange), Just(Reason::Destroy)]
            .prop_map(Act::Close),
    ]
}
