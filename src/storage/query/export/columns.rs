//! What an export has: the columns of a table, or some of them in the order asked for.

use super::super::fields::{FIELDS, Kind};
use super::super::{Mistake, Params};
use crate::storage::SummaryRow;

/// What values a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A moment, to the microsecond.
    Time,
    /// JSON.
    Json,
}

/// A column of an export. Any of them may be NULL as far as a format is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the table and in the export.
    pub name: &'static str,
    /// What values it has.
    pub kind: ColumnKind,
}

impl Column {
    /// The columns of `session_summaries`, in the table's order.
    #[must_use]
    pub fn of_sessions() -> Vec<Self> {
        let names = SummaryRow::empty().columns();
        names.keys().filter_map(|name| of_session(name)).collect()
    }

    /// The columns of `qoe_v1.events`, in the view's order.
    #[must_use]
    pub fn of_events() -> Vec<Self> {
        EVENTS.to_vec()
    }

    const fn new(name: &'static str, kind: ColumnKind) -> Self {
        Self { name, kind }
    }

    /// As it is selected: whole numbers have one size in every export.
    pub(super) fn expression(self) -> String {
        match self.kind {
            ColumnKind::Integer => format!("{}::bigint", self.name),
            _ => self.name.to_owned(),
        }
    }
}

/// The columns of `session_summaries` that no filter can name.
const UNFILTERED: [Column; 3] = [
    Column::new("project", ColumnKind::Text),
    Column::new("custom", ColumnKind::Json),
    Column::new("playing_ms_by_height", ColumnKind::Json),
];

fn of_session(name: &str) -> Option<Column> {
    let unfiltered = UNFILTERED.into_iter().find(|column| column.name == name);
    unfiltered.or_else(|| {
        let field = FIELDS.iter().find(|field| field.name == name)?;
        let kind = match field.kind {
            Kind::Text => ColumnKind::Text,
            Kind::Integer => ColumnKind::Integer,
            Kind::Number => ColumnKind::Number,
            Kind::Boolean => ColumnKind::Boolean,
            Kind::Time => ColumnKind::Time,
        };
        Some(Column::new(field.name, kind))
    })
}

const EVENTS: [Column; 33] = [
    Column::new("project", ColumnKind::Text),
    Column::new("session_id", ColumnKind::Text),
    Column::new("event_id", ColumnKind::Text),
    Column::new("event_timestamp", ColumnKind::Integer),
    Column::new("occurred_at", ColumnKind::Time),
    Column::new("event_type", ColumnKind::Text),
    Column::new("viewer_id", ColumnKind::Text),
    Column::new("playback_position_sec", ColumnKind::Number),
    Column::new("bitrate_kbps", ColumnKind::Integer),
    Column::new("resolution", ColumnKind::Text),
    Column::new("video_width", ColumnKind::Integer),
    Column::new("video_height", ColumnKind::Integer),
    Column::new("buffer_start", ColumnKind::Integer),
    Column::new("buffer_end", ColumnKind::Integer),
    Column::new("buffer_duration_ms", ColumnKind::Integer),
    Column::new("network_downlink_mbps", ColumnKind::Number),
    Column::new("network_rtt_ms", ColumnKind::Integer),
    Column::new("network_effective_type", ColumnKind::Text),
    Column::new("device_browser", ColumnKind::Text),
    Column::new("device_os", ColumnKind::Text),
    Column::new("screen_width", ColumnKind::Integer),
    Column::new("screen_height", ColumnKind::Integer),
    Column::new("dropped_frames", ColumnKind::Integer),
    Column::new("decoded_frames", ColumnKind::Integer),
    Column::new("fps", ColumnKind::Number),
    Column::new("buffer_length_sec", ColumnKind::Number),
    Column::new("total_watch_time_ms", ColumnKind::Integer),
    Column::new("total_pause_time_ms", ColumnKind::Integer),
    Column::new("interaction_count", ColumnKind::Integer),
    Column::new("seq", ColumnKind::Integer),
    Column::new("sent_at", ColumnKind::Time),
    Column::new("raw_json", ColumnKind::Json),
    Column::new("created_at", ColumnKind::Time),
];

/// `columns` among the parameters: names behind commas, each once; all of them if none is given.
pub(super) fn choose(params: &Params, all: Vec<Column>) -> Result<Vec<Column>, Mistake> {
    let Some(names) = params.one("columns")? else {
        return Ok(all);
    };
    let mut chosen: Vec<Column> = Vec::new();
    for name in names.split(',') {
        let found = all.iter().find(|column| column.name == name);
        let column = *found.ok_or_else(|| {
            let known = all.iter().map(|column| column.name);
            Mistake::unknown("columns", "column", name, known)
        })?;
        if chosen.contains(&column) {
            let detail = format!("{name} stands there twice");
            return Err(Mistake::new("columns", detail));
        }
        chosen.push(column);
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_a_summary_is_exported() {
        let names: Vec<String> = SummaryRow::empty().columns().keys().cloned().collect();
        let exported: Vec<&str> = Column::of_sessions()
            .iter()
            .map(|column| column.name)
            .collect();
        assert_eq!(exported, names);
    }
}
