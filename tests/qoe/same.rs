//! Naive and fold say the same of every stream.

use proptest::prelude::*;
use video_telemetry::qoe::{Event, SessionSummary, fold};

use crate::{naive, streams};

/// Every field the same; floats up to the order in which they were summed.
pub(crate) fn assert_same(events: &[Event]) {
    let folded = fold(events.to_vec()).summary();
    let mut told = naive::summary(events);
    for (mine, theirs) in floats(&mut told)
        .into_iter()
        .zip(floats(&mut folded.clone()))
    {
        if mine
            .zip(*theirs)
            .is_some_and(|(a, b)| (a - b).abs() <= 1e-9 * b.abs())
        {
            *mine = *theirs;
        }
    }
    assert!(
        told == folded,
        "naive: {told:#?}\nfold: {folded:#?}\nof: {}",
        brief(events)
    );
}

fn floats(summary: &mut SessionSummary) -> [&mut Option<f64>; 9] {
    [
        &mut summary.rebuffer_ratio,
        &mut summary.avg_bitrate_kbps,
        &mut summary.dropped_frame_ratio,
        &mut summary.avg_fps,
        &mut summary.avg_rtt_ms,
        &mut summary.avg_downlink_mbps,
        &mut summary.completion,
        &mut summary.completeness,
        &mut summary.experience_score,
    ]
}

/// The events in order, without what they do not say.
fn brief(events: &[Event]) -> String {
    let mut sorted = events.to_vec();
    sorted.sort_by(Event::order);
    let mut text = String::new();
    for event in sorted {
        let debug = format!("\n{event:?}");
        let words = debug.split(", ").filter(|word| !word.ends_with(": None"));
        text.push_str(&words.collect::<Vec<_>>().join(", "));
    }
    text
}

proptest! {
    #![proptest_config(crate::cases(600))]

    #[test]
    fn the_fold_agrees_with_the_naive_one_on_the_original_client(events in streams::six()) {
        assert_same(&events);
    }

    #[test]
    fn the_fold_agrees_with_the_naive_one_on_our_plugin(events in streams::ours()) {
        assert_same(&events);
    }

    #[test]
    fn the_fold_agrees_with_the_naive_one_on_damaged_streams(events in streams::damaged()) {
        assert_same(&events);
    }

    #[test]
    fn the_fold_agrees_with_the_naive_one_on_hostile_streams(events in streams::hostile()) {
        assert_same(&events);
    }
}
