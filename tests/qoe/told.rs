//! What is told of a session event by event, and its spans, against its summary: every ms and every
//! count is accounted for, on every stream.

use proptest::prelude::*;
use video_telemetry::qoe::{
    Count, Event, Explainer, Part, Readings, Span, Spans, Told, explain, fold,
};

use crate::properties::in_order;
use crate::streams;

/// In the order of rule 1, each event once.
fn tell(events: &[Event]) -> (Vec<Told>, Vec<Span>) {
    let (mut explainer, mut spans) = (Explainer::default(), Spans::default());
    let told: Vec<Told> = in_order(events)
        .iter()
        .filter_map(|event| explainer.apply(event))
        .collect();
    for told in &told {
        spans.add(told);
    }
    (told, spans.finish())
}

/// The readings' own figures against those of the summary.
fn assert_readings_agree(events: &[Event], readings: &[Readings]) {
    let summary = fold(events.to_vec()).summary();
    let dropped: Vec<i64> = readings.iter().filter_map(|it| it.dropped_frames).collect();
    assert!(dropped.iter().all(|frames| *frames >= 0));
    let sum = (!dropped.is_empty()).then(|| dropped.iter().sum::<i64>());
    assert_eq!(sum, summary.dropped_frames);
    let mut shown: Vec<i32> = readings.iter().filter_map(|it| it.bitrate_kbps).collect();
    shown.dedup();
    assert_eq!(shown.iter().min().copied(), summary.min_bitrate_kbps);
    assert_eq!(shown.iter().max().copied(), summary.max_bitrate_kbps);
    let ups = shown.windows(2).filter(|pair| pair[0] < pair[1]).count();
    assert_eq!(i64::try_from(ups), Ok(summary.upswitches));
}

proptest! {
    #![proptest_config(crate::cases(500))]

    #[test]
    fn the_steps_add_up_to_the_summary(events in streams::any_stream()) {
        let summary = fold(events.clone()).summary();
        let steps = explain(&events);
        let fed = |part: Part| {
            let fed = steps.iter().flat_map(|step| &step.fed);
            fed.filter(|fed| fed.0 == part).map(|fed| fed.1).sum::<i64>()
        };
        for part in Part::ALL {
            prop_assert_eq!(fed(part), part.of(&summary));
        }
        for count in Count::ALL {
            let counted = steps.iter().flat_map(|step| &step.counted);
            let sum: i64 = counted.filter(|one| one.0 == count).map(|one| one.1).sum();
            prop_assert_eq!(sum, count.of(&summary));
        }
        for step in &steps {
            prop_assert_eq!(step.lasted_ms, step.fed.iter().map(|fed| fed.1).sum::<i64>());
        }
    }

    #[test]
    fn the_spans_add_up_to_the_summary_and_leave_no_hole(events in streams::any_stream()) {
        let summary = fold(events.clone()).summary();
        let (_, spans) = tell(&events);
        let mut end_ms = 0;
        for span in &spans {
            prop_assert_eq!(span.at_ms, end_ms);
            prop_assert!(span.lasted_ms > 0);
            prop_assert!(span.fed.iter().all(|(_, ms)| ms > 0), "{:?}", span);
            prop_assert_eq!(span.fed.iter().map(|(_, ms)| ms).sum::<i64>(), span.lasted_ms);
            end_ms += span.lasted_ms;
        }
        prop_assert_eq!(end_ms, summary.session_ms);
        for part in Part::ALL {
            let sum: i64 = spans.iter().map(|span| span.fed.of(part)).sum();
            prop_assert_eq!(sum, part.of(&summary), "{:?}", part);
        }
        let changes = spans.windows(2).all(|pair| pair[0].state != pair[1].state);
        prop_assert!(changes, "{:?}", spans);
    }

    #[test]
    fn the_readings_agree_with_the_summary(events in streams::any_stream()) {
        let (told, _) = tell(&events);
        let readings: Vec<Readings> = told.iter().map(|told| told.readings).collect();
        assert_readings_agree(&events, &readings);
    }

    #[test]
    fn no_input_panics_and_no_span_is_negative(events in streams::unbounded()) {
        let (_, spans) = tell(&events);
        prop_assert!(spans.iter().all(|span| span.lasted_ms > 0));
    }
}
