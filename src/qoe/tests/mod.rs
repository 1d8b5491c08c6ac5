//! Tests of the fold through one `check()`: a timeline in, figures out.
//!
//! A timeline is `TIME KIND WORD…; …`, in ms, in any order: `0 play; 0 waiting; 800 playing@0`.
//! Kinds are those of the media element where it has one (`waiting` is BUFFER_START, `playing`
//! BUFFER_END). Times are relative to [`EPOCH_MS`]. Words: `@12.5` position, `#7` seq, `key=value`
//! as in [`Draft::word`]. Without `#` an event is the original client's; a timeline that begins with
//! `ours:` numbers its events in the order they are written.
//!
//! Expected figures are `name value …`; a duration or count of the partition that is not named must
//! be 0, and startup NULL. What else is named is compared too. Figures are worked out by hand.

mod corners;
mod draft;
mod hostile;
mod inference;
mod loss;
mod measures;
mod oracle;
mod pitfalls;
mod rules;
mod score;
mod states;

pub(in crate::qoe) use draft::events;

use super::{Applied, Event, SessionFold, SessionSummary, fold};

/// Where timelines begin, epoch ms.
pub(in crate::qoe) const EPOCH_MS: i64 = 1_700_000_000_000;

/// The figures of the partition: these are 0 unless named.
const PARTITION: [&str; 14] = [
    "no_start",
    "playing",
    "micro",
    "micros",
    "rebuffer",
    "rebuffers",
    "seek",
    "seeks",
    "paused",
    "pauses",
    "ended",
    "idle",
    "gap",
    "startup",
];

/// Folds a timeline and compares the figures; also checks what must hold for every session.
#[track_caller]
pub(super) fn check(timeline: &str, expected: &str) {
    let summary = summarize(timeline);
    let words: Vec<&str> = expected.split_whitespace().collect();
    let pairs: Vec<(&str, &str)> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
    for (name, value) in &pairs {
        assert_eq!(
            figure(&summary, name),
            *value,
            "{name} of {timeline}\n{summary:#?}"
        );
    }
    for name in PARTITION {
        if pairs.iter().all(|pair| pair.0 != name) {
            let nothing = if name == "startup" { "-" } else { "0" };
            assert_eq!(
                figure(&summary, name),
                nothing,
                "{name} of {timeline}\n{summary:#?}"
            );
        }
    }
}

/// Folds a timeline three ways, which must agree.
#[track_caller]
pub(super) fn summarize(timeline: &str) -> SessionSummary {
    let mut events = events(timeline);
    let mut reversed = events.clone();
    reversed.reverse();
    reversed.extend(events.clone());
    let batch = fold(reversed).summary();
    events.sort_by(Event::order);
    let mut session = SessionFold::new();
    let mut before = session.summary();
    for event in &events {
        assert_eq!(session.apply(event), Applied::InOrder);
        assert_eq!(session.apply(event), Applied::Late, "a duplicate");
        let summary = session.summary();
        assert_consistent(&summary);
        assert!(summary.session_ms >= before.session_ms);
        assert!(summary.event_count > before.event_count);
        assert!(summary.error_count >= before.error_count);
        assert!(summary.fatal_error_count >= before.fatal_error_count);
        before = summary;
    }
    assert_eq!(before, batch, "incremental and batch differ: {timeline}");
    before
}

/// What holds for every session: the parts add up, nothing is negative, ratios are ratios.
#[track_caller]
pub(super) fn assert_consistent(s: &SessionSummary) {
    let durations = [
        s.startup_ms.unwrap_or(0),
        s.no_start_ms,
        s.playing_ms,
        s.rebuffer_ms,
        s.seek_ms,
        s.paused_ms,
        s.ended_ms,
        s.idle_ms,
        s.gap_ms,
    ];
    assert_eq!(s.session_ms, durations.iter().sum::<i64>(), "{s:#?}");
    let counts = [
        s.micro_stall_ms,
        s.micro_stall_count,
        s.rebuffer_count,
        s.seek_count,
        s.pause_count,
        s.bitrate_known_ms,
        s.upswitches,
        s.downswitches,
        s.min_buffer_ahead_ms.unwrap_or(0),
        s.started_at_ms,
        s.dropped_frames.unwrap_or(0),
        s.decoded_frames.unwrap_or(0),
    ];
    assert!(durations.iter().chain(&counts).all(|n| *n >= 0), "{s:#?}");
    assert!(s.started_at_ms <= s.last_event_at_ms);
    assert!(s.micro_stall_ms <= s.playing_ms);
    assert!(s.bitrate_known_ms <= s.playing_ms, "{s:#?}");
    assert!(s.playing_ms_by_height.values().sum::<i64>() <= s.playing_ms);
    let ratios = [
        s.rebuffer_ratio,
        s.dropped_frame_ratio,
        s.completion,
        s.completeness,
    ];
    for ratio in ratios.into_iter().flatten() {
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
    for mean in means.into_iter().chain([s.experience_score]).flatten() {
        assert!(mean.is_finite() && mean.is_sign_positive(), "{s:#?}");
    }
    assert!(s.experience_score.is_none_or(|score| score <= 100.0));
}

/// A figure as text; `-` is NULL.
fn figure(s: &SessionSummary, name: &str) -> String {
    fn opt<T: ToString>(value: Option<T>) -> String {
        value.map_or("-".to_owned(), |value| value.to_string())
    }
    let whole = match name {
        "no_start" => s.no_start_ms,
        "playing" => s.playing_ms,
        "micro" => s.micro_stall_ms,
        "micros" => s.micro_stall_count,
        "rebuffer" => s.rebuffer_ms,
        "rebuffers" => s.rebuffer_count,
        "seek" => s.seek_ms,
        "seeks" => s.seek_count,
        "paused" => s.paused_ms,
        "pauses" => s.pause_count,
        "ended" => s.ended_ms,
        "idle" => s.idle_ms,
        "gap" => s.gap_ms,
        "watched" => s.watched_ms,
        "session" => s.session_ms,
        "events" => s.event_count,
        "errors" => s.error_count,
        "fatals" => s.fatal_error_count,
        "up" => s.upswitches,
        "down" => s.downswitches,
        "bitrate_known" => s.bitrate_known_ms,
        "started_at" => s.started_at_ms - EPOCH_MS,
        "last_at" => s.last_event_at_ms - EPOCH_MS,
        "startup" => return opt(s.startup_ms),
        "rebuffer_ratio" => return opt(s.rebuffer_ratio),
        "bitrate" => return opt(s.avg_bitrate_kbps),
        "min_bitrate" => return opt(s.min_bitrate_kbps),
        "max_bitrate" => return opt(s.max_bitrate_kbps),
        "dropped" => return opt(s.dropped_frames),
        "decoded" => return opt(s.decoded_frames),
        "dropped_ratio" => return opt(s.dropped_frame_ratio),
        "fps" => return opt(s.avg_fps),
        "rtt" => return opt(s.avg_rtt_ms),
        "downlink" => return opt(s.avg_downlink_mbps),
        "min_buffer" => return opt(s.min_buffer_ahead_ms),
        "first_error" => return opt(s.first_error.as_deref()),
        "vsf" => return s.vsf.to_string(),
        "ebvs" => return s.ebvs.to_string(),
        "vpf" => return s.vpf.to_string(),
        "end" => return s.end_reason.to_owned(),
        "clean" => return s.clean_exit.to_string(),
        "completion" => return opt(s.completion),
        "completeness" => return opt(s.completeness),
        "score" => return opt(s.experience_score.map(|score| format!("{score:.3}"))),
        "watch_time" => return opt(s.reported_watch_time_ms),
        "pause_time" => return opt(s.reported_pause_time_ms),
        "interactions" => return opt(s.interaction_count),
        "heights" => {
            let heights = s.playing_ms_by_height.iter();
            let words: Vec<String> = heights.map(|(h, ms)| format!("{h}:{ms}")).collect();
            return opt((!words.is_empty()).then(|| words.join(",")));
        }
        _ => panic!("no figure is called {name}"),
    };
    whole.to_string()
}
