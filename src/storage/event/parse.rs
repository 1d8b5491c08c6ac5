//! From an event's JSON to its record.

use bytes::Bytes;

use super::loose::{Loose, Tolerant};
use super::sections::{CumulativeTotals, Root, Seek};
use super::{
    EventRecord, ExtraColumns, MAX_EVENT_BYTES, MAX_TEXT_BYTES, MAX_TIMESTAMP_MS, ParsedEvent,
    Reason, Receipt, Rejection, bounded, storable,
};
use crate::qoe::{
    ErrorInfo, Event, EventKind, PlayerState, Reason as Why, SeekInfo, SessionStartInfo, Totals,
};

/// Parses one event as sent. `json` is a well-formed JSON value and `raw` the bytes it stands in.
pub fn parse(json: &str, raw: &Bytes, receipt: Receipt) -> Result<ParsedEvent, Rejection> {
    if json.len() > MAX_EVENT_BYTES {
        let detail = format!(
            "the event has {} bytes, at most {MAX_EVENT_BYTES} are allowed",
            json.len()
        );
        return Err(reject(Reason::EventTooLarge, detail, None));
    }
    storable::check(json).map_err(|(reason, detail)| reject(reason, detail, readable_id(json)))?;
    if !json.starts_with('{') {
        let detail = "an event is a JSON object".to_owned();
        return Err(reject(Reason::NotAnObject, detail, None));
    }
    let Tolerant(root): Tolerant<Root<'_>> = serde_json::from_str(json)
        .map_err(|error| reject(Reason::InvalidJson, error.to_string(), None))?;
    let required = required(&root)?;
    let extra = extra_columns(&root, required.event_type);
    let session_id = required.session_id.into();
    let identity = (required.event_id.into(), required.timestamp_ms);
    Ok(ParsedEvent {
        session_id,
        record: EventRecord {
            event: event(root, identity, receipt),
            extra,
            raw: raw.slice_ref(json.as_bytes()),
        },
    })
}

/// Reads an event back from its row's `raw_json`; `None` if it is not an event of ours, which only
/// a row written by other hands can be.
pub fn replay(raw_json: &str, receipt: Receipt) -> Option<Event> {
    let Tolerant(root): Tolerant<Root<'_>> = serde_json::from_str(raw_json).ok()?;
    let required = required(&root).ok()?;
    let identity = (required.event_id.into(), required.timestamp_ms);
    Some(event(root, identity, receipt))
}

/// The session that a refused event names, if one can be read that can be.
pub fn readable_session_id(raw: &[u8]) -> Option<Box<str>> {
    let Tolerant(root): Tolerant<Root<'_>> = serde_json::from_slice(raw).ok()?;
    let id = root.session_id.text()?;
    let can_be = (1..=MAX_TEXT_BYTES).contains(&id.len()) && !id.contains('\0');
    can_be.then(|| id.into())
}

/// The id of an event that cannot be stored, if it can be read.
fn readable_id(json: &str) -> Option<Box<str>> {
    let Tolerant(root): Tolerant<Root<'_>> = serde_json::from_str(json).ok()?;
    root.event_id.text().map(bounded)
}

fn reject(reason: Reason, detail: String, event_id: Option<Box<str>>) -> Rejection {
    Rejection {
        reason,
        detail,
        event_id,
    }
}

/// What no event can do without.
struct Required<'a> {
    session_id: &'a str,
    event_id: &'a str,
    event_type: &'a str,
    timestamp_ms: i64,
}

fn required<'a>(root: &'a Root<'_>) -> Result<Required<'a>, Rejection> {
    let named = root.event_id.text().map(bounded);
    let event_id = id(
        &root.event_id,
        "eventId",
        Reason::MissingEventId,
        Reason::InvalidEventId,
    );
    let session_id = id(
        &root.session_id,
        "sessionId",
        Reason::MissingSessionId,
        Reason::InvalidSessionId,
    );
    let event_type = id(
        &root.event_type,
        "eventType",
        Reason::MissingEventType,
        Reason::InvalidEventType,
    );
    let all = session_id.and_then(|session_id| {
        Ok(Required {
            session_id,
            event_id: event_id?,
            event_type: event_type?,
            timestamp_ms: timestamp(&root.timestamp)?,
        })
    });
    all.map_err(|(reason, detail)| reject(reason, detail, named))
}

fn id<'a>(
    value: &'a Loose<'_>,
    name: &str,
    missing: Reason,
    invalid: Reason,
) -> Result<&'a str, (Reason, String)> {
    match value.text() {
        Some(text) if (1..=MAX_TEXT_BYTES).contains(&text.len()) => Ok(text),
        _ => {
            let reason = if value.is_null() { missing } else { invalid };
            Err((
                reason,
                format!("{name} must be a string of 1 to {MAX_TEXT_BYTES} bytes"),
            ))
        }
    }
}

fn timestamp(value: &Loose<'_>) -> Result<i64, (Reason, String)> {
    match value.integer() {
        Some(ms) if (0..=MAX_TIMESTAMP_MS).contains(&ms) => Ok(ms),
        _ => {
            let missing = value.is_null();
            let reason = if missing {
                Reason::MissingTimestamp
            } else {
                Reason::InvalidTimestamp
            };
            Err((
                reason,
                format!("timestamp must be epoch milliseconds, 0 to {MAX_TIMESTAMP_MS}"),
            ))
        }
    }
}

/// A non-empty text, bounded.
fn text(value: &Loose<'_>) -> Option<Box<str>> {
    value.text().filter(|text| !text.is_empty()).map(bounded)
}

/// A client epoch time, ms.
fn epoch_ms(value: &Loose<'_>) -> Option<i64> {
    value
        .integer()
        .filter(|ms| (0..=MAX_TIMESTAMP_MS).contains(ms))
}

fn extra_columns(root: &Root<'_>, event_type: &str) -> ExtraColumns {
    ExtraColumns {
        event_type: event_type.into(),
        resolution: text(&root.quality.resolution),
        buffer_end_ms: epoch_ms(&root.buffering.ended_at),
        buffer_duration_ms: root.buffering.duration_ms.integer(),
        network_effective_type: text(&root.network.effective_type),
    }
}

fn event(root: Root<'_>, (event_id, timestamp_ms): (Box<str>, i64), receipt: Receipt) -> Event {
    let kind = kind(root.event_type.text().unwrap_or_default());
    let quality = &root.quality;
    let viewer_id = root.viewer_id.text();
    Event {
        timestamp_ms,
        seq: root.seq.integer(),
        event_id,
        created_at_ms: receipt.created_at_ms,
        sent_at_ms: receipt.sent_at_ms,
        kind,
        reason: root.reason.text().map(why),
        state: root.state.text().and_then(state),
        totals: root.totals.as_ref().map(totals),
        position_sec: root.position_sec.float(),
        playback_rate: root.playback_rate.float(),
        bitrate_kbps: quality.bitrate_kbps.int32(),
        video_width: quality
            .width
            .int32()
            .or_else(|| quality.video_width.int32()),
        video_height: quality
            .height
            .int32()
            .or_else(|| quality.video_height.int32()),
        player_width: root.player.width.int32(),
        player_height: root.player.height.int32(),
        buffer_start_ms: epoch_ms(&root.buffering.started_at),
        buffer_length_sec: root.player.buffer_length_sec.float(),
        dropped_frames: root.player.dropped_frames.integer(),
        decoded_frames: root.player.decoded_frames.integer(),
        fps: root.player.fps.float(),
        downlink_mbps: root.network.downlink_mbps.float(),
        rtt_ms: root.network.rtt_ms.int32(),
        total_watch_time_ms: root.engagement.total_watch_time.integer(),
        total_pause_time_ms: root.engagement.total_pause_time.integer(),
        interaction_count: root.engagement.interaction_count.integer(),
        seek: root.seek.as_ref().map(seek),
        error: error(&root, kind),
        hidden: root.hidden.flag(),
        viewer_id: viewer_id
            .filter(|id| (1..=MAX_TEXT_BYTES).contains(&id.len()))
            .map(Into::into),
        browser: text(&root.device.browser),
        os: text(&root.device.os),
        screen_width: root.device.screen_width.int32(),
        screen_height: root.device.screen_height.int32(),
        session_start: session_start(root, kind),
    }
}

fn kind(event_type: &str) -> EventKind {
    match event_type {
        "PLAY" => EventKind::Play,
        "PAUSE" => EventKind::Pause,
        "BUFFER_START" => EventKind::BufferStart,
        "BUFFER_END" => EventKind::BufferEnd,
        "QUALITY_CHANGE" => EventKind::QualityChange,
        "PLAYER_ERROR" => EventKind::PlayerError,
        "SESSION_START" => EventKind::SessionStart,
        "FIRST_FRAME" => EventKind::FirstFrame,
        "SEEK" => EventKind::Seek,
        "HEARTBEAT" => EventKind::Heartbeat,
        "VISIBILITY" => EventKind::Visibility,
        "RATE_CHANGE" => EventKind::RateChange,
        "ENDED" => EventKind::Ended,
        "SESSION_END" => EventKind::SessionEnd,
        _ => EventKind::Unknown,
    }
}

fn why(reason: &str) -> Why {
    match reason {
        "initial" => Why::Initial,
        "resume" => Why::Resume,
        "replay" => Why::Replay,
        "resumed" => Why::Resumed,
        "seek" => Why::Seek,
        "pause" => Why::Pause,
        "error" => Why::Error,
        "ended" => Why::Ended,
        "progress" => Why::Progress,
        "session_end" => Why::SessionEnd,
        "user" => Why::User,
        "background" => Why::Background,
        "source_change" => Why::SourceChange,
        "destroy" => Why::Destroy,
        "page_close" => Why::PageClose,
        _ => Why::Other,
    }
}

fn state(name: &str) -> Option<PlayerState> {
    Some(match name {
        "starting" => PlayerState::Starting,
        "playing" => PlayerState::Playing,
        "rebuffering" => PlayerState::Rebuffering,
        "seeking" => PlayerState::Seeking,
        "paused" => PlayerState::Paused,
        "ended" => PlayerState::Ended,
        "idle" => PlayerState::Idle,
        _ => return None,
    })
}

fn totals(from: &CumulativeTotals<'_>) -> Box<Totals> {
    Box::new(Totals {
        startup_ms: from.startup_ms.integer(),
        playing_ms: from.playing_ms.integer(),
        rebuffer_ms: from.rebuffer_ms.integer(),
        rebuffer_count: from.rebuffer_count.integer(),
        seek_ms: from.seek_ms.integer(),
        paused_ms: from.paused_ms.integer(),
        ended_ms: from.ended_ms.integer(),
        idle_ms: from.idle_ms.integer(),
    })
}

fn seek(from: &Seek<'_>) -> Box<SeekInfo> {
    Box::new(SeekInfo {
        from_sec: from.from_sec.float(),
        to_sec: from.to_sec.float(),
        duration_ms: from.duration_ms.integer(),
    })
}

fn error(root: &Root<'_>, kind: EventKind) -> Option<Box<ErrorInfo>> {
    (kind == EventKind::PlayerError).then(|| {
        Box::new(ErrorInfo {
            kind: text(&root.error.kind),
            details: text(&root.error.details),
            fatal: root.error.fatal.flag().unwrap_or(false),
        })
    })
}

fn session_start(root: Root<'_>, kind: EventKind) -> Option<Box<SessionStartInfo>> {
    // The video's length is known when its first frame is.
    matches!(kind, EventKind::SessionStart | EventKind::FirstFrame).then(|| {
        Box::new(SessionStartInfo {
            video_id: text(&root.video.id),
            video_title: text(&root.video.title),
            video_duration_sec: root.video.duration_sec.float(),
            live: root.video.live.flag(),
            player_name: text(&root.player.name),
            player_version: text(&root.player.version),
            custom: root.custom.into_text(),
        })
    })
}
