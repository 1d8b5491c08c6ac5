//! What a chart of a session marks: every event that tells of something that happened, so all but the
//! heartbeats.

use serde::Serialize;
use utoipa::ToSchema;

use crate::qoe::{ErrorInfo, Event, EventKind, SeekInfo, SessionStartInfo};

/// Events, in three lists of the same length.
#[derive(Debug, Clone, Default, PartialEq, Serialize, ToSchema)]
pub struct Marks {
    /// Since the session's first event, ms.
    at_ms: Vec<i64>,
    /// As it was sent.
    event_type: Vec<String>,
    /// In a few words, null where there is nothing to say: of an error its name and whether it was
    /// fatal, of a seek where it began and led (s), of a change of rendition height and bitrate, of a
    /// change of speed the new one, of a new source its title or id, of a page whether it is hidden;
    /// of all others the reason.
    detail: Vec<Option<String>>,
}

impl Marks {
    /// Marks an event, if it is one to mark.
    pub(super) fn add(&mut self, at_ms: i64, event_type: &str, event: &Event) {
        if event.kind == EventKind::Heartbeat {
            return;
        }
        self.at_ms.push(at_ms);
        self.event_type.push(event_type.to_owned());
        self.detail.push(detail(event));
    }

    /// What they take in memory, about.
    pub(super) fn bytes(&self) -> usize {
        let details = self.detail.iter().flatten();
        let texts = self.event_type.iter().chain(details).map(String::capacity);
        let each = size_of::<i64>() + size_of::<String>() + size_of::<Option<String>>();
        self.at_ms.capacity() * each + texts.sum::<usize>()
    }
}

fn detail(event: &Event) -> Option<String> {
    match event.kind {
        EventKind::PlayerError => error(event.error.as_deref()?),
        EventKind::Seek => seek(event.seek.as_deref()?),
        EventKind::QualityChange => rendition(event),
        EventKind::RateChange => event.playback_rate.map(|rate| format!("{rate:.2}×")),
        EventKind::SessionStart => source(event.session_start.as_deref()?),
        EventKind::Visibility => event.hidden.map(|hidden| {
            let name = if hidden { "hidden" } else { "visible" };
            name.to_owned()
        }),
        _ => event.reason?.name().map(str::to_owned),
    }
}

fn error(error: &ErrorInfo) -> Option<String> {
    let name = error.details.as_deref().or(error.kind.as_deref());
    match (name, error.fatal) {
        (Some(name), true) => Some(format!("{name} (fatal)")),
        (Some(name), false) => Some(name.to_owned()),
        (None, fatal) => fatal.then(|| "fatal".to_owned()),
    }
}

fn seek(seek: &SeekInfo) -> Option<String> {
    let sec = |value: Option<f64>| {
        // No playhead is further.
        let value = value.filter(|sec| (0.0..=1e10).contains(sec));
        value.map_or_else(|| "?".to_owned(), |sec| format!("{sec:.1}"))
    };
    let known = seek.from_sec.or(seek.to_sec);
    known.map(|_| format!("{} → {}", sec(seek.from_sec), sec(seek.to_sec)))
}

fn rendition(event: &Event) -> Option<String> {
    let height = event.video_height.map(|px| format!("{px}p"));
    let bitrate = event.bitrate_kbps.map(|kbps| format!("{kbps} kbps"));
    match (height, bitrate) {
        (Some(height), Some(bitrate)) => Some(format!("{height}, {bitrate}")),
        (height, bitrate) => height.or(bitrate),
    }
}

fn source(start: &SessionStartInfo) -> Option<String> {
    let name = start.video_title.as_deref().or(start.video_id.as_deref());
    name.map(str::to_owned)
}
