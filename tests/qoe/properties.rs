//! What holds for every stream of events.

use proptest::prelude::*;
use proptest::sample::Index;
use video_telemetry::qoe::{Applied, Event, EventKind, SessionFold, SessionSummary, fold};

use crate::service::serve;
use crate::streams::{self, EPOCH_MS, bare};

/// The events in the order of rule 1, each once.
pub(crate) fn in_order(events: &[Event]) -> Vec<Event> {
    let mut events = events.to_vec();
    events.sort_by(Event::order);
    let mut unique: Vec<Event> = Vec::new();
    for event in events {
        let same = |other: &Event| {
            (other.timestamp_ms, &other.event_id) == (event.timestamp_ms, &event.event_id)
        };
        if !unique.iter().any(same) {
            unique.push(event);
        }
    }
    unique
}

/// (name, ms) of the parts. What STARTING, and IDLE before a first frame, turn out to be is known
/// when the frame comes, so they are one here.
pub(crate) fn parts(s: &SessionSummary) -> [(&'static str, i64); 7] {
    let waited_ms = s.startup_ms.unwrap_or(0).saturating_add(s.no_start_ms);
    let before_ms = waited_ms.saturating_add(s.idle_ms);
    [
        ("before", before_ms),
        ("playing", s.playing_ms),
        ("rebuffer", s.rebuffer_ms),
        ("seek", s.seek_ms),
        ("paused", s.paused_ms),
        ("ended", s.ended_ms),
        ("gap", s.gap_ms),
    ]
}

fn assert_nothing_is_negative(s: &SessionSummary) {
    let whole = [
        s.started_at_ms,
        s.last_event_at_ms,
        s.event_count,
        s.session_ms,
        s.startup_ms.unwrap_or(0),
        s.no_start_ms,
        s.idle_ms,
        s.micro_stall_ms,
        s.micro_stall_count,
        s.rebuffer_count,
        s.seek_count,
        s.pause_count,
        s.watched_ms,
        s.bitrate_known_ms,
        s.upswitches,
        s.downswitches,
        s.dropped_frames.unwrap_or(0),
        s.decoded_frames.unwrap_or(0),
        s.min_buffer_ahead_ms.unwrap_or(0),
        s.error_count,
        s.fatal_error_count,
        s.reported_watch_time_ms.unwrap_or(0),
        s.reported_pause_time_ms.unwrap_or(0),
        s.interaction_count.unwrap_or(0),
    ];
    assert!(whole.iter().all(|value| *value >= 0), "{s:#?}");
    assert!(parts(s).iter().all(|part| part.1 >= 0), "{s:#?}");
    assert!(
        s.playing_ms_by_height
            .iter()
            .all(|(height, ms)| *height > 0 && *ms > 0)
    );
    let ratios = [
        s.rebuffer_ratio,
        s.dropped_frame_ratio,
        s.completion,
        s.completeness,
    ];
    let share = s.experience_score.map(|score| score / 100.0);
    for ratio in ratios.into_iter().chain([share]).flatten() {
        assert!(
            (0.0..=1.0).contains(&ratio) && ratio.is_sign_positive(),
            "{s:#?}"
        );
    }
    let means = [
        s.avg_bitrate_kbps,
        s.avg_fps,
        s.avg_rtt_ms,
        s.avg_downlink_mbps,
    ];
    for mean in means.into_iter().flatten() {
        assert!(mean.is_finite() && mean.is_sign_positive(), "{s:#?}");
    }
}

fn assert_parts_add_up(s: &SessionSummary) {
    let sum: i64 = parts(s).iter().map(|part| part.1).sum();
    assert_eq!(sum, s.session_ms, "{s:#?}");
    assert!(s.micro_stall_ms <= s.playing_ms && s.bitrate_known_ms <= s.playing_ms);
    assert!(s.playing_ms_by_height.values().sum::<i64>() <= s.playing_ms);
}

/// Streams in which no event comes twice with another content.
fn consistent() -> impl Strategy<Value = Vec<Event>> {
    streams::any_stream().prop_map(|events| in_order(&events))
}

proptest! {
    #![proptest_config(crate::cases(300))]

    #[test]
    fn order_and_duplicates_change_nothing(
        (events, shuffled) in consistent().prop_flat_map(|events| {
            let doubled = [events.clone(), events.clone()].concat();
            (Just(events), Just(doubled).prop_shuffle())
        }),
    ) {
        prop_assert_eq!(fold(events).summary(), fold(shuffled).summary());
    }

    #[test]
    fn batching_arrival_and_restarts_change_nothing(
        (events, arrival) in consistent().prop_flat_map(|events| {
            let arrival = [events.clone(), events.clone()].concat();
            (Just(events), Just(arrival).prop_shuffle())
        }),
        cuts in proptest::collection::vec(any::<(Index, bool)>(), 0..6),
    ) {
        prop_assert_eq!(fold(events.clone()).summary(), serve(&arrival, &cuts));
        prop_assert_eq!(fold(events.clone()).summary(), serve(&events, &cuts));
    }

    #[test]
    fn every_step_is_the_batch_so_far_and_its_parts_add_up(events in streams::any_stream()) {
        let events = in_order(&events);
        let mut session = SessionFold::new();
        let mut before = session.summary();
        for (at, event) in events.iter().enumerate() {
            prop_assert_eq!(session.apply(event), Applied::InOrder);
            let now = session.summary();
            assert_nothing_is_negative(&now);
            assert_parts_add_up(&now);
            prop_assert_eq!(&now, &fold(events[..=at].to_vec()).summary());
            prop_assert!(now.session_ms >= before.session_ms);
            prop_assert!(now.event_count == before.event_count + 1);
            prop_assert!(now.error_count >= before.error_count);
            prop_assert!(now.fatal_error_count >= before.fatal_error_count);
            before = now;
        }
    }

    #[test]
    fn a_shift_of_the_clock_changes_the_two_times_alone(
        events in streams::any_stream(),
        by_ms in -300_000_000_000..300_000_000_000_i64,
    ) {
        let moved = events.iter().cloned().map(|mut event| {
            event.timestamp_ms += by_ms;
            event.created_at_ms += by_ms;
            event.sent_at_ms = event.sent_at_ms.map(|ms| ms.saturating_add(by_ms));
            event.buffer_start_ms = event.buffer_start_ms.map(|ms| ms.saturating_add(by_ms));
            event
        });
        let mut there = fold(moved.collect()).summary();
        let here = fold(events).summary();
        (there.started_at_ms, there.last_event_at_ms) = (here.started_at_ms, here.last_event_at_ms);
        prop_assert_eq!(here, there);
    }

    #[test]
    fn no_input_panics_or_yields_a_negative(events in streams::unbounded()) {
        assert_nothing_is_negative(&fold(events).summary());
    }
}

/// As much as a fold can be made to remember: new heights, numbers ahead, stamped-back events.
fn talkative(at: usize) -> Event {
    let number = i64::try_from(at).unwrap_or(0);
    let kinds = [
        EventKind::QualityChange,
        EventKind::Seek,
        EventKind::BufferStart,
        EventKind::Play,
    ];
    let mut event = bare(EPOCH_MS + number * 7, kinds[at % kinds.len()], at);
    event.seq = (!at.is_multiple_of(3)).then_some(number * 2);
    event.video_height = i32::try_from(at % 5_000).ok();
    event.bitrate_kbps = i32::try_from(at % 9_000).ok();
    event.viewer_id = Some(format!("viewer {at}").into());
    event.position_sec = i32::try_from(at % 600).ok().map(f64::from);
    event
}

#[test]
fn a_million_events_leave_a_fold_as_small_as_a_thousand_do() {
    let mut session = SessionFold::new();
    let mut size_after_1000 = 0;
    for at in 0..1_000_000 {
        assert_eq!(session.apply(&talkative(at)), Applied::InOrder);
        if at == 1_000 {
            size_after_1000 = format!("{session:?}").len();
        }
    }
    // Written out, a fold tells all it holds. Its numbers may have grown by some digits.
    let size = format!("{session:?}").len();
    assert!(
        size <= 2 * size_after_1000,
        "{size} bytes of text, {size_after_1000} after 1000 events"
    );
    assert_eq!(session.event_count(), 1_000_000);
    assert_parts_add_up(&session.summary());
}
