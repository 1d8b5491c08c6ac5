//! The columns of `session_summaries` that questions may name: to filter by, to sort by, and, where
//! they tell who, what or where, to group by.

use super::Mistake;

/// What values a field has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A moment.
    Time,
}

impl Kind {
    /// The kind's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Time => "time",
        }
    }
}

/// A column.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// What values it has.
    pub kind: Kind,
    /// It can be NULL: not known.
    pub nullable: bool,
    /// What a session can be grouped by, described; `None` for measures and times.
    pub dimension: Option<&'static str>,
}

/// Every column but `project`, which no question chooses, and those that hold JSON.
pub const FIELDS: &[Field] = &[
    dimension("viewer_id", Kind::Text, "who watched"),
    dimension("browser", Kind::Text, "browser"),
    dimension("os", Kind::Text, "operating system"),
    dimension("screen", Kind::Text, "screen size in px, as 1920x1080"),
    dimension("player", Kind::Text, "the player's name"),
    dimension("player_version", Kind::Text, "the player's version"),
    dimension("video_id", Kind::Text, "the site's id of the video"),
    dimension("video_title", Kind::Text, "the video's title"),
    dimension("live", Kind::Boolean, "it was a live stream"),
    dimension(
        "first_error",
        Kind::Text,
        "details of the first fatal error, else of the first error",
    ),
    always_dimension("end_reason", "how the session ended"),
    always("session_id", Kind::Text),
    always("started_at", Kind::Time),
    always("last_event_at", Kind::Time),
    always("updated_at", Kind::Time),
    always("event_count", Kind::Integer),
    always("session_ms", Kind::Integer),
    known("startup_ms", Kind::Integer),
    always("no_start_ms", Kind::Integer),
    always("playing_ms", Kind::Integer),
    always("micro_stall_ms", Kind::Integer),
    always("micro_stall_count", Kind::Integer),
    always("rebuffer_ms", Kind::Integer),
    always("rebuffer_count", Kind::Integer),
    always("seek_ms", Kind::Integer),
    always("seek_count", Kind::Integer),
    always("paused_ms", Kind::Integer),
    always("pause_count", Kind::Integer),
    always("ended_ms", Kind::Integer),
    always("idle_ms", Kind::Integer),
    always("gap_ms", Kind::Integer),
    always("watched_ms", Kind::Integer),
    known("rebuffer_ratio", Kind::Number),
    known("avg_bitrate_kbps", Kind::Number),
    always("bitrate_known_ms", Kind::Integer),
    known("min_bitrate_kbps", Kind::Integer),
    known("max_bitrate_kbps", Kind::Integer),
    always("upswitches", Kind::Integer),
    always("downswitches", Kind::Integer),
    known("dropped_frames", Kind::Integer),
    known("decoded_frames", Kind::Integer),
    known("dropped_frame_ratio", Kind::Number),
    known("avg_fps", Kind::Number),
    known("avg_rtt_ms", Kind::Number),
    known("avg_downlink_mbps", Kind::Number),
    known("min_buffer_ahead_ms", Kind::Integer),
    always("error_count", Kind::Integer),
    always("fatal_error_count", Kind::Integer),
    always("vsf", Kind::Boolean),
    always("ebvs", Kind::Boolean),
    always("vpf", Kind::Boolean),
    always("clean_exit", Kind::Boolean),
    known("completion", Kind::Number),
    known("completeness", Kind::Number),
    known("experience_score", Kind::Number),
    known("video_duration_sec", Kind::Number),
    known("reported_watch_time_ms", Kind::Integer),
    known("reported_pause_time_ms", Kind::Integer),
    known("interaction_count", Kind::Integer),
    always("fold_version", Kind::Integer),
    known("sealed_at", Kind::Time),
];

/// The field of this name.
pub(super) fn find(parameter: &str, name: &str) -> Result<&'static Field, Mistake> {
    let found = FIELDS.iter().find(|field| field.name == name);
    found.ok_or_else(|| {
        let known = FIELDS.iter().map(|field| field.name);
        Mistake::unknown(parameter, "field", name, known.chain(["custom.<key>"]))
    })
}

const fn dimension(name: &'static str, kind: Kind, description: &'static str) -> Field {
    Field {
        name,
        kind,
        nullable: true,
        dimension: Some(description),
    }
}

const fn always_dimension(name: &'static str, description: &'static str) -> Field {
    Field {
        name,
        kind: Kind::Text,
        nullable: false,
        dimension: Some(description),
    }
}

const fn always(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        nullable: false,
        dimension: None,
    }
}

const fn known(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        nullable: true,
        dimension: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::storage::SummaryRow;

    #[test]
    fn every_column_of_a_summary_can_be_named_but_for_the_project_and_json() {
        let columns = SummaryRow::empty().columns();
        let unnamed = ["project", "custom", "playing_ms_by_height"];
        let columns: BTreeSet<&str> = columns
            .keys()
            .map(String::as_str)
            .filter(|name| !unnamed.contains(name))
            .collect();
        let fields: BTreeSet<&str> = FIELDS.iter().map(|field| field.name).collect();
        assert_eq!(fields, columns);
        assert_eq!(fields.len(), FIELDS.len(), "a field stands there twice");
    }
}
