//! Inputs nobody should send. Nothing panics, nothing goes negative, the parts add up.

use super::draft::bare;
use super::{EPOCH_MS, assert_consistent, check, summarize};
use crate::qoe::{
    Applied, ErrorInfo, Event, EventKind, PlayerState, Reason, SeekInfo, SessionFold,
    SessionStartInfo, Totals, fold,
};

/// A small deterministic generator (the one called `SplitMix64`).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.next()).unwrap() % from.len()]
    }

    /// Mostly small, sometimes the worst there is, often absent.
    fn int(&mut self) -> Option<i64> {
        match self.below(8) {
            0..=3 => None,
            4 => Some(self.pick(&[i64::MIN, i64::MAX, -1, 0, 1 << 53])),
            _ => Some(i64::try_from(self.below(60_000)).unwrap()),
        }
    }

    fn small(&mut self) -> Option<i32> {
        self.int()
            .map(|n| i32::try_from(n.clamp(i32::MIN.into(), i32::MAX.into())).unwrap())
    }

    fn float(&mut self) -> Option<f64> {
        match self.below(8) {
            0..=2 => None,
            3 => Some(self.pick(&[1e308, -1e308, -0.0, 5e-324, 1e10, -1.0])),
            _ => Some(f64::from(u32::try_from(self.below(100_000)).unwrap()) / 1000.0),
        }
    }
}

const KINDS: [EventKind; 15] = [
    EventKind::Play,
    EventKind::Pause,
    EventKind::BufferStart,
    EventKind::BufferEnd,
    EventKind::QualityChange,
    EventKind::PlayerError,
    EventKind::SessionStart,
    EventKind::FirstFrame,
    EventKind::Seek,
    EventKind::Heartbeat,
    EventKind::Visibility,
    EventKind::RateChange,
    EventKind::Ended,
    EventKind::SessionEnd,
    EventKind::Unknown,
];

const STATES: [PlayerState; 7] = [
    PlayerState::Starting,
    PlayerState::Playing,
    PlayerState::Rebuffering,
    PlayerState::Seeking,
    PlayerState::Paused,
    PlayerState::Ended,
    PlayerState::Idle,
];

const REASONS: [Reason; 8] = [
    Reason::Resumed,
    Reason::Seek,
    Reason::Pause,
    Reason::Error,
    Reason::Ended,
    Reason::PageClose,
    Reason::SourceChange,
    Reason::Other,
];

fn random_event(dice: &mut Dice, at_ms: i64, id: u64) -> Event {
    let kind = dice.pick(&KINDS);
    let mut event = bare(at_ms, kind, &format!("e{id}"));
    if dice.below(3) > 0 {
        event.seq = dice.int().or(Some(i64::try_from(id).unwrap()));
    }
    event.created_at_ms = dice.int().unwrap_or(at_ms);
    event.sent_at_ms = dice.int();
    event.reason = (dice.below(2) == 0).then(|| dice.pick(&REASONS));
    event.state = (dice.below(2) == 0).then(|| dice.pick(&STATES));
    event.totals = (dice.below(2) == 0).then(|| Box::new(random_totals(dice)));
    event.position_sec = dice.float();
    event.playback_rate = dice.float();
    event.bitrate_kbps = dice.small();
    event.video_width = dice.small();
    event.video_height = dice.small();
    event.player_width = dice.small();
    event.player_height = dice.small();
    event.buffer_start_ms = dice.int();
    event.buffer_length_sec = dice.float();
    event.dropped_frames = dice.int();
    event.decoded_frames = dice.int();
    event.fps = dice.float();
    event.downlink_mbps = dice.float();
    event.rtt_ms = dice.small();
    event.total_watch_time_ms = dice.int();
    event.total_pause_time_ms = dice.int();
    event.interaction_count = dice.int();
    event.seek = (dice.below(2) == 0).then(|| {
        Box::new(SeekInfo {
            from_sec: dice.float(),
            to_sec: dice.float(),
            duration_ms: dice.int(),
        })
    });
    event.error = (dice.below(2) == 0).then(|| {
        Box::new(ErrorInfo {
            fatal: dice.below(2) == 0,
            ..ErrorInfo::default()
        })
    });
    event.session_start = (dice.below(9) == 0).then(|| {
        Box::new(SessionStartInfo {
            video_duration_sec: dice.float(),
            ..SessionStartInfo::default()
        })
    });
    event
}

fn random_totals(dice: &mut Dice) -> Totals {
    Totals {
        startup_ms: dice.int(),
        playing_ms: dice.int(),
        rebuffer_ms: dice.int(),
        rebuffer_count: dice.int(),
        seek_ms: dice.int(),
        paused_ms: dice.int(),
        ended_ms: dice.int(),
        idle_ms: dice.int(),
    }
}

fn random_session(seed: u64) -> Vec<Event> {
    let mut dice = Dice(seed);
    let mut at_ms = EPOCH_MS;
    (0..60)
        .map(|id| {
            at_ms += match dice.below(20) {
                0 => 400_000,
                1 => 40_000,
                2..=5 => 0,
                _ => i64::try_from(dice.below(3000)).unwrap(),
            };
            random_event(&mut dice, at_ms, id)
        })
        .collect()
}

#[test]
fn whatever_is_sent_the_parts_add_up_and_only_grow() {
    for seed in 0..3000 {
        let mut events = random_session(seed);
        events.sort_by(Event::order);
        let mut session = SessionFold::new();
        let mut before = session.summary();
        for event in &events {
            assert_eq!(session.apply(event), Applied::InOrder);
            let summary = session.summary();
            assert_consistent(&summary);
            assert!(summary.session_ms >= before.session_ms);
            assert!(summary.error_count >= before.error_count);
            assert!(summary.fatal_error_count >= before.fatal_error_count);
            before = summary;
        }
        events.reverse();
        assert_eq!(fold(events).summary(), before, "seed {seed}");
    }
}

#[test]
fn durations_ignore_a_shift_of_the_clock() {
    for seed in 0..300 {
        let events = random_session(seed);
        let shifted = events.iter().cloned().map(|mut event| {
            event.timestamp_ms += 86_400_000;
            event.buffer_start_ms = event
                .buffer_start_ms
                .map(|ms| ms.saturating_add(86_400_000));
            event
        });
        let (mut here, mut there) = (
            fold(events.clone()).summary(),
            fold(shifted.collect()).summary(),
        );
        (here.started_at_ms, here.last_event_at_ms) = (0, 0);
        (there.started_at_ms, there.last_event_at_ms) = (0, 0);
        assert_eq!(here, there, "seed {seed}");
    }
}

#[test]
fn a_session_over_all_of_time_adds_up() {
    let first = bare(0, EventKind::Play, "a");
    let last = bare(253_402_300_799_999, EventKind::Pause, "b");
    let summary = fold(vec![last, first]).summary();
    assert_consistent(&summary);
    assert_eq!(summary.session_ms, 253_402_300_799_999);
}

#[test]
fn an_absurd_seq_costs_completeness_alone() {
    check(
        "0 play #0; 500 frame #1; 1000 beat #9223372036854775807; 2000 beat #2; 3000 waiting #3",
        "startup 500 playing 2500",
    );
    check(
        "0 play #-5; 500 frame #-9223372036854775808; 900 beat",
        "startup 500 playing 400 completeness -",
    );
}

#[test]
fn seqs_used_twice_are_at_most_complete() {
    check(
        "0 play #0; 500 frame #0; 900 beat #0",
        "startup 500 playing 400 completeness 1",
    );
}

#[test]
fn a_thousand_stamped_back_events_are_remembered_only_in_part() {
    let mut timeline = "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0".to_owned();
    for seq in 3..1000 {
        timeline.push_str(&format!("; 1000 seek #{seq} for=1"));
    }
    timeline.push_str(
        "; 2000 beat #2 totals=playing:1000; 3000 beat #1000 state=playing totals=playing:2000",
    );
    let summary = summarize(&timeline);
    assert_eq!(
        (summary.session_ms, summary.completeness),
        (3000, Some(1.0))
    );
}

#[test]
fn a_thousand_heights_keep_a_session_small() {
    let mut timeline = "0 play; 0 frame".to_owned();
    for height in 1..1000 {
        timeline.push_str(&format!("; {} quality h={height}", height * 10));
    }
    let summary = summarize(&timeline);
    assert_eq!(summary.playing_ms_by_height.len(), 32);
    assert_eq!(summary.playing_ms, 9990);
}

#[test]
fn a_late_event_changes_nothing() {
    let mut session = fold(super::events("0 play; 500 playing; 900 beat"));
    let before = session.summary();
    for late in super::events("100 waiting; 900 beat id=e002; 899 fatal id=z; 900 load id=z") {
        assert_eq!(session.apply(&late), Applied::Late);
    }
    assert_eq!(session.summary(), before);
    assert_eq!(session.event_count(), 3);
}

#[test]
fn duplicates_by_identity_count_once() {
    // The same id at another time is another event; the same id and time is the same one.
    let mut events = super::events("0 play id=a; 500 frame id=b; 500 waiting id=b; 900 beat id=b");
    events.rotate_left(2);
    assert_eq!(fold(events).event_count(), 3);
}

#[test]
fn a_session_stays_small_in_memory() {
    let size = size_of::<SessionFold>();
    assert!(size <= 700, "{size} bytes");
}
