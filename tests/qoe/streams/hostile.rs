//! Events nobody should send: anything in any field that the parser lets through, and worse.

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select;
use video_telemetry::qoe::{
    ErrorInfo, Event, EventKind as K, PlayerState as P, Reason, SeekInfo, SessionStartInfo, Totals,
};

use super::{EPOCH_MS, bare};

const KINDS: [K; 15] = [
    K::Play,
    K::Pause,
    K::BufferStart,
    K::BufferEnd,
    K::QualityChange,
    K::PlayerError,
    K::SessionStart,
    K::FirstFrame,
    K::Seek,
    K::Heartbeat,
    K::Visibility,
    K::RateChange,
    K::Ended,
    K::SessionEnd,
    K::Unknown,
];
const STATES: [P; 7] = [
    P::Starting,
    P::Playing,
    P::Rebuffering,
    P::Seeking,
    P::Paused,
    P::Ended,
    P::Idle,
];
const REASONS: [Reason; 16] = [
    Reason::Initial,
    Reason::Resume,
    Reason::Replay,
    Reason::Resumed,
    Reason::Seek,
    Reason::Pause,
    Reason::Error,
    Reason::Ended,
    Reason::Progress,
    Reason::SessionEnd,
    Reason::User,
    Reason::Background,
    Reason::SourceChange,
    Reason::Destroy,
    Reason::PageClose,
    Reason::Other,
];

/// Streams the parser lets through: timestamps are 0 to 9999-12-31, floats are finite.
pub(crate) fn hostile() -> impl Strategy<Value = Vec<Event>> {
    prop_oneof![
        4 => stream(near_ms(), 1..24, finite),
        1 => stream(0..=253_402_300_799_999_i64, 1..12, finite),
        1 => stream(EPOCH_MS..EPOCH_MS + 3, 1..24, finite),
    ]
}

/// Streams the parser refuses.
pub(crate) fn unbounded() -> impl Strategy<Value = Vec<Event>> {
    stream(any::<i64>(), 1..24, || any::<f64>().boxed())
}

/// Close together, with silences around the limits of rule 7 and seeks around 2 s apart.
fn near_ms() -> impl Strategy<Value = i64> {
    prop_oneof![0..20_000_i64, 0..100_i64, 0..900_000_i64].prop_map(|ms| EPOCH_MS + ms)
}

fn stream(
    times: impl Strategy<Value = i64>,
    length: std::ops::Range<usize>,
    float: fn() -> BoxedStrategy<f64>,
) -> impl Strategy<Value = Vec<Event>> {
    vec((times, event(float)), length).prop_map(|drafts| {
        let numbered = drafts.into_iter().enumerate();
        let events = numbered.map(|(id, (at_ms, mut event))| {
            event.event_id = bare(0, K::Unknown, id).event_id;
            event.timestamp_ms = at_ms;
            // The server's own clock is not hostile, only far away.
            let created_at_ms = event.created_at_ms.saturating_add(at_ms);
            event.created_at_ms = created_at_ms.clamp(0, 253_402_300_799_999);
            event.buffer_start_ms = event.buffer_start_ms.map(|ms| ms.saturating_add(at_ms));
            event
        });
        events.collect()
    })
}

fn finite() -> BoxedStrategy<f64> {
    prop_oneof![
        6 => 0.0..30.0_f64,
        2 => (0..40_u8).prop_map(f64::from),
        1 => select(vec![-1.0, -0.0, 0.05, 0.25, 1e10, 1e308, -1e308, 5e-324]),
    ]
    .boxed()
}

fn int() -> impl Strategy<Value = Option<i64>> {
    let value = prop_oneof![
        8 => 0..20_000_i64,
        1 => select(vec![i64::MIN, i64::MAX, -1, 0, 1 << 53]),
    ];
    weighted(0.6, value)
}

fn small() -> impl Strategy<Value = Option<i32>> {
    let value = prop_oneof![8 => 1..3_000_i32, 1 => select(vec![i32::MIN, i32::MAX, -1, 0])];
    weighted(0.3, value)
}

fn seq() -> impl Strategy<Value = Option<i64>> {
    prop_oneof![4 => Just(None), 12 => (0..24_i64).prop_map(Some), 1 => any::<i64>().prop_map(Some)]
}

fn event(float: fn() -> BoxedStrategy<f64>) -> impl Strategy<Value = Event> {
    let some = move || weighted(0.5, float());
    let said = (
        select(&KINDS[..]),
        seq(),
        weighted(0.3, select(&REASONS[..])),
        weighted(0.7, select(&STATES[..])),
        weighted(0.7, totals()),
        weighted(0.5, error()),
        weighted(0.7, (some(), some(), int())),
    );
    let playhead = (
        some(),
        weighted(0.2, float()),
        some(),
        int(),
        int(),
        some(),
        some(),
    );
    let sizes = [small(), small(), small(), small(), small(), small()];
    let sizes = (sizes, small(), small());
    let times = (int(), int(), int(), int(), int(), int());
    let names = (
        weighted(0.2, "[a-c]{0,2}"),
        weighted(0.1, (some(), any::<Option<bool>>())),
    );
    (said, playhead, sizes, times, names).prop_map(build)
}

type Said = (
    K,
    Option<i64>,
    Option<Reason>,
    Option<P>,
    Option<Totals>,
    Option<ErrorInfo>,
    Option<(Option<f64>, Option<f64>, Option<i64>)>,
);
type Playhead = (
    Option<f64>,
    Option<f64>,
    Option<f64>,
    Option<i64>,
    Option<i64>,
    Option<f64>,
    Option<f64>,
);
type Sizes = ([Option<i32>; 6], Option<i32>, Option<i32>);
type Times = (
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
    Option<i64>,
);
type Names = (Option<String>, Option<(Option<f64>, Option<bool>)>);

fn build((said, playhead, sizes, times, names): (Said, Playhead, Sizes, Times, Names)) -> Event {
    let mut event = bare(0, said.0, 0);
    (event.seq, event.reason, event.state) = (said.1, said.2, said.3);
    event.totals = said.4.map(Box::new);
    event.error = said.5.map(Box::new);
    event.seek = said.6.map(|(from_sec, to_sec, duration_ms)| {
        Box::new(SeekInfo {
            from_sec,
            to_sec,
            duration_ms,
        })
    });
    (event.position_sec, event.playback_rate) = (playhead.0, playhead.1);
    (event.buffer_length_sec, event.dropped_frames) = (playhead.2, playhead.3);
    (event.decoded_frames, event.fps) = (playhead.4, playhead.5);
    event.downlink_mbps = playhead.6;
    let [kbps, width, height, player_width, player_height, rtt_ms] = sizes.0;
    (event.bitrate_kbps, event.video_width, event.video_height) = (kbps, width, height);
    (event.player_width, event.player_height) = (player_width, player_height);
    (event.rtt_ms, event.screen_width, event.screen_height) = (rtt_ms, sizes.1, sizes.2);
    event.created_at_ms = times.0.unwrap_or(0);
    (event.sent_at_ms, event.buffer_start_ms) = (times.1, times.2);
    (event.total_watch_time_ms, event.total_pause_time_ms) = (times.3, times.4);
    event.interaction_count = times.5;
    event.viewer_id = names.0.map(String::into_boxed_str);
    event.session_start = names.1.map(|(video_duration_sec, live)| {
        Box::new(SessionStartInfo {
            video_duration_sec,
            live,
            video_title: event.viewer_id.clone(),
            custom: event.viewer_id.clone(),
            ..SessionStartInfo::default()
        })
    });
    event
}

fn totals() -> impl Strategy<Value = Totals> {
    [int(), int(), int(), int(), int(), int(), int()].prop_flat_map(|ms| {
        prop_oneof![4 => weighted(0.7, 0..5_i64), 1 => int()].prop_map(move |rebuffer_count| {
            Totals {
                startup_ms: ms[0],
                playing_ms: ms[1],
                rebuffer_ms: ms[2],
                rebuffer_count,
                seek_ms: ms[3],
                paused_ms: ms[4],
                ended_ms: ms[5],
                idle_ms: ms[6],
            }
        })
    })
}

fn error() -> impl Strategy<Value = ErrorInfo> {
    let text = || {
        weighted(
            0.5,
            select(vec!["mediaError", "MEDIA_ERR_ABORTED", "fragLoadError"]),
        )
    };
    (text(), text(), any::<bool>()).prop_map(|(kind, details, fatal)| ErrorInfo {
        kind: kind.map(Into::into),
        details: details.map(Into::into),
        fatal,
    })
}
