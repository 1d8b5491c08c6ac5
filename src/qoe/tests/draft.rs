//! Timelines into events.

use super::EPOCH_MS;
use crate::qoe::{
    ErrorInfo, Event, EventKind, PlayerState, Reason, SeekInfo, SessionStartInfo, Totals,
};

/// The events of a timeline.
pub(in crate::qoe) fn events(timeline: &str) -> Vec<Event> {
    let (ours, timeline) = match timeline.trim().strip_prefix("ours:") {
        Some(rest) => (true, rest),
        None => (false, timeline),
    };
    let entries = timeline
        .split(';')
        .map(str::trim)
        .filter(|entry| !entry.is_empty());
    let mut drafts = Vec::new();
    for (index, entry) in entries.enumerate() {
        let seq = ours.then(|| i64::try_from(index).unwrap());
        drafts.push(draft(entry, index, seq));
    }
    drafts
}

/// An event that says nothing but what it is.
pub(in crate::qoe) fn bare(timestamp_ms: i64, kind: EventKind, id: &str) -> Event {
    Event {
        timestamp_ms,
        seq: None,
        event_id: id.into(),
        created_at_ms: timestamp_ms,
        sent_at_ms: None,
        kind,
        reason: None,
        state: None,
        totals: None,
        position_sec: None,
        playback_rate: None,
        bitrate_kbps: None,
        video_width: None,
        video_height: None,
        player_width: None,
        player_height: None,
        buffer_start_ms: None,
        buffer_length_sec: None,
        dropped_frames: None,
        decoded_frames: None,
        fps: None,
        downlink_mbps: None,
        rtt_ms: None,
        total_watch_time_ms: None,
        total_pause_time_ms: None,
        interaction_count: None,
        seek: None,
        error: None,
        hidden: None,
        session_start: None,
        viewer_id: None,
        browser: None,
        os: None,
        screen_width: None,
        screen_height: None,
    }
}

fn draft(entry: &str, index: usize, seq: Option<i64>) -> Event {
    let spaced = entry.replace('@', " @").replace('#', " #");
    let mut words = spaced.split_whitespace();
    let at: i64 = words.next().unwrap().parse().unwrap();
    let name = words
        .next()
        .unwrap_or_else(|| panic!("no kind in {entry:?}"));
    let mut event = bare(EPOCH_MS + at, kind(name), &format!("e{index:03}"));
    event.seq = seq;
    if name == "fatal" {
        event.error = Some(Box::new(ErrorInfo {
            fatal: true,
            ..ErrorInfo::default()
        }));
    }
    for word in words {
        if let Some(position) = word.strip_prefix('@') {
            event.position_sec = Some(position.parse().unwrap());
        } else if let Some(seq) = word.strip_prefix('#') {
            event.seq = Some(seq.parse().unwrap());
        } else {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            set(&mut event, key, value);
        }
    }
    event
}

fn kind(name: &str) -> EventKind {
    match name {
        "play" => EventKind::Play,
        "pause" => EventKind::Pause,
        "waiting" => EventKind::BufferStart,
        "playing" => EventKind::BufferEnd,
        "quality" => EventKind::QualityChange,
        "error" | "fatal" => EventKind::PlayerError,
        "load" => EventKind::SessionStart,
        "frame" => EventKind::FirstFrame,
        "seek" => EventKind::Seek,
        "beat" => EventKind::Heartbeat,
        "visibility" => EventKind::Visibility,
        "rate" => EventKind::RateChange,
        "ended" => EventKind::Ended,
        "close" => EventKind::SessionEnd,
        "unknown" => EventKind::Unknown,
        _ => panic!("no kind is called {name}"),
    }
}

fn set(event: &mut Event, key: &str, value: &str) {
    let int = || Some(value.parse().unwrap());
    let small = || Some(value.parse().unwrap());
    let float = || Some(value.parse().unwrap());
    match key {
        "id" => event.event_id = value.into(),
        "created" => event.created_at_ms = EPOCH_MS + value.parse::<i64>().unwrap(),
        "sent" => event.sent_at_ms = Some(EPOCH_MS + value.parse::<i64>().unwrap()),
        "reason" => event.reason = Some(reason(value)),
        "state" => event.state = Some(state(value)),
        "totals" => event.totals = Some(Box::new(totals(value))),
        "rate" => event.playback_rate = float(),
        "kbps" => event.bitrate_kbps = small(),
        "w" => event.video_width = small(),
        "h" => event.video_height = small(),
        "pw" => event.player_width = small(),
        "ph" => event.player_height = small(),
        "from" => event.buffer_start_ms = Some(EPOCH_MS + value.parse::<i64>().unwrap()),
        "buf" => event.buffer_length_sec = float(),
        "dropped" => event.dropped_frames = int(),
        "frames" => event.decoded_frames = int(),
        "fps" => event.fps = float(),
        "downlink" => event.downlink_mbps = float(),
        "rtt" => event.rtt_ms = small(),
        "watch" => event.total_watch_time_ms = int(),
        "paused" => event.total_pause_time_ms = int(),
        "n" => event.interaction_count = int(),
        "for" => seek(event).duration_ms = int(),
        "left" => seek(event).from_sec = float(),
        "to" => seek(event).to_sec = float(),
        "details" => error(event).details = Some(value.into()),
        "type" => error(event).kind = Some(value.into()),
        "duration" => start(event).video_duration_sec = float(),
        "live" => start(event).live = Some(true),
        _ => panic!("no word is called {key}"),
    }
}

fn seek(event: &mut Event) -> &mut SeekInfo {
    event.seek.get_or_insert_default()
}

fn error(event: &mut Event) -> &mut ErrorInfo {
    event.error.get_or_insert_default()
}

fn start(event: &mut Event) -> &mut SessionStartInfo {
    event.session_start.get_or_insert_default()
}

/// `playing:5000,rebuffer:1200,rebuffers:1`; what is not named is 0.
fn totals(text: &str) -> Totals {
    let get = |name: &str| {
        let pairs = text.split(',').filter_map(|pair| pair.split_once(':'));
        let mut named = pairs.filter(|pair| pair.0 == name);
        Some(named.next().map_or(0, |pair| pair.1.parse().unwrap()))
    };
    Totals {
        startup_ms: get("startup"),
        playing_ms: get("playing"),
        rebuffer_ms: get("rebuffer"),
        rebuffer_count: get("rebuffers"),
        seek_ms: get("seek"),
        paused_ms: get("paused"),
        ended_ms: get("ended"),
        idle_ms: get("idle"),
    }
}

fn state(name: &str) -> PlayerState {
    match name {
        "starting" => PlayerState::Starting,
        "playing" => PlayerState::Playing,
        "rebuffering" => PlayerState::Rebuffering,
        "seeking" => PlayerState::Seeking,
        "paused" => PlayerState::Paused,
        "ended" => PlayerState::Ended,
        "idle" => PlayerState::Idle,
        _ => panic!("no state is called {name}"),
    }
}

fn reason(name: &str) -> Reason {
    match name {
        "resumed" => Reason::Resumed,
        "seek" => Reason::Seek,
        "pause" => Reason::Pause,
        "error" => Reason::Error,
        "ended" => Reason::Ended,
        "progress" => Reason::Progress,
        "page_close" => Reason::PageClose,
        "source_change" => Reason::SourceChange,
        "destroy" => Reason::Destroy,
        _ => panic!("no reason is called {name}"),
    }
}
