//! The INSERT: one typed unnest per batch, prepared once, fed by one array per column.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::dsl::select;
use diesel::expression::AsExpression;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::{
    Array, BigInt, Double, Integer, Jsonb, Nullable, SingleValue, SqlType, Text, Timestamptz,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use super::event::EventRecord;
use super::expiry::NoneExpired;
use super::schema::telemetry_events as t;

diesel::define_sql_function! {
    /// One row per element.
    fn unnest<ST: SqlType + SingleValue>(elements: Array<ST>) -> ST;
}

/// A row to insert: borrowed from the batches that are being written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) project: &'a str,
    pub(super) session_id: &'a str,
    pub(super) record: &'a EventRecord,
}

/// An event's identity, in the order of the primary key.
pub(super) type Key<'a> = (&'a str, &'a str, &'a str, i64);

impl<'a> Row<'a> {
    pub(super) fn key(&self) -> Key<'a> {
        let event = &self.record.event;
        (
            self.project,
            self.session_id,
            &event.event_id,
            event.timestamp_ms,
        )
    }
}

/// Which rows of an INSERT were new.
#[derive(Debug)]
pub(super) enum Inserted {
    /// All of them.
    All,
    /// Those with these keys.
    Keys(Vec<(String, String, String, i64)>),
}

impl Inserted {
    /// For each row, whether it was new.
    pub(super) fn news(&self, rows: &[Row<'_>]) -> Vec<bool> {
        match self {
            Inserted::All => vec![true; rows.len()],
            Inserted::Keys(keys) => {
                let keys: HashSet<Key<'_>> = keys
                    .iter()
                    .map(|(project, session, event, at)| (&**project, &**session, &**event, *at))
                    .collect();
                rows.iter().map(|row| keys.contains(&row.key())).collect()
            }
        }
    }
}

/// JSON text on its way into a jsonb column; it is known to be storable.
#[derive(Debug, AsExpression)]
#[diesel(sql_type = Jsonb)]
struct RawJson<'a>(&'a str);

impl ToSql<Jsonb, Pg> for RawJson<'_> {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        use std::io::Write;
        // jsonb's binary form: version 1, then the text.
        out.write_all(&[1])?;
        out.write_all(self.0.as_bytes())?;
        Ok(IsNull::No)
    }
}

/// A time in whole milliseconds as a timestamptz.
pub(super) fn timestamp(epoch_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(epoch_ms).unwrap_or_default()
}

/// What to do about rows that are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnConflict {
    /// There should be none: fail with a unique violation, having written nothing.
    Fail,
    /// Leave them as they are.
    Skip,
}

/// Inserts the rows, which must be sorted by key and hold each key once. Tells which were new. Writes
/// none and fails with a division by zero where one of them is too late, see `expiry`.
#[expect(
    clippy::too_many_lines,
    reason = "one line per column, twice: a list, not logic"
)]
pub(super) async fn insert(
    connection: &mut AsyncPgConnection,
    rows: &[Row<'_>],
    on_conflict: OnConflict,
) -> QueryResult<Inserted> {
    macro_rules! column {
        ($sql_type:ty, |$row:ident, $event:ident, $extra:ident| $value:expr) => {
            unnest::<$sql_type, _>(
                rows.iter()
                    .map(|$row| {
                        let ($event, $extra) = (&$row.record.event, &$row.record.extra);
                        let _ = ($event, $extra);
                        $value
                    })
                    .collect::<Vec<_>>(),
            )
        };
    }
    let int32 = |value: Option<i64>| value.and_then(|value| i32::try_from(value).ok());
    let values = select((
        column!(Text, |row, event, extra| row.project),
        column!(Text, |row, event, extra| row.session_id),
        column!(Text, |row, event, extra| &*event.event_id),
        column!(BigInt, |row, event, extra| event.timestamp_ms),
        column!(Text, |row, event, extra| &*extra.event_type),
        column!(Nullable<Text>, |row, event, extra| event
            .viewer_id
            .as_deref()),
        column!(Nullable<Double>, |row, event, extra| event.position_sec),
        column!(Nullable<Integer>, |row, event, extra| event.bitrate_kbps),
        column!(Nullable<Text>, |row, event, extra| extra
            .resolution
            .as_deref()),
        column!(Nullable<Integer>, |row, event, extra| event.video_width),
        column!(Nullable<Integer>, |row, event, extra| event.video_height),
        column!(Nullable<BigInt>, |row, event, extra| event.buffer_start_ms),
        column!(Nullable<BigInt>, |row, event, extra| extra.buffer_end_ms),
        column!(Nullable<BigInt>, |row, event, extra| extra
            .buffer_duration_ms),
        column!(Nullable<Double>, |row, event, extra| event.downlink_mbps),
        column!(Nullable<Integer>, |row, event, extra| event.rtt_ms),
        column!(Nullable<Text>, |row, event, extra| extra
            .network_effective_type
            .as_deref()),
        column!(Nullable<Text>, |row, event, extra| event.browser.as_deref()),
        column!(Nullable<Text>, |row, event, extra| event.os.as_deref()),
        column!(Nullable<Integer>, |row, event, extra| event.screen_width),
        column!(Nullable<Integer>, |row, event, extra| event.screen_height),
        column!(Nullable<Integer>, |row, event, extra| int32(
            event.dropped_frames
        )),
        column!(Nullable<Integer>, |row, event, extra| int32(
            event.decoded_frames
        )),
        column!(Nullable<Double>, |row, event, extra| event.fps),
        column!(Nullable<Double>, |row, event, extra| event
            .buffer_length_sec),
        column!(Nullable<BigInt>, |row, event, extra| event
            .total_watch_time_ms),
        column!(Nullable<BigInt>, |row, event, extra| event
            .total_pause_time_ms),
        column!(Nullable<Integer>, |row, event, extra| int32(
            event.interaction_count
        )),
        column!(Nullable<BigInt>, |row, event, extra| event.seq),
        column!(Nullable<Timestamptz>, |row, event, extra| event
            .sent_at_ms
            .map(timestamp)),
        column!(Jsonb, |row, event, extra| RawJson(row.record.raw_text())),
        column!(Timestamptz, |row, event, extra| timestamp(
            event.created_at_ms
        )),
    ))
    .filter(NoneExpired::of(rows));
    let statement = diesel::insert_into(t::table).values(values).into_columns((
        t::project,
        t::session_id,
        t::event_id,
        t::event_timestamp,
        t::event_type,
        t::viewer_id,
        t::playback_position_sec,
        t::bitrate_kbps,
        t::resolution,
        t::video_width,
        t::video_height,
        t::buffer_start,
        t::buffer_end,
        t::buffer_duration_ms,
        t::network_downlink_mbps,
        t::network_rtt_ms,
        t::network_effective_type,
        t::device_browser,
        t::device_os,
        t::screen_width,
        t::screen_height,
        t::dropped_frames,
        t::decoded_frames,
        t::fps,
        t::buffer_length_sec,
        t::total_watch_time_ms,
        t::total_pause_time_ms,
        t::interaction_count,
        t::seq,
        t::sent_at,
        t::raw_json,
        t::created_at,
    ));
    if on_conflict == OnConflict::Fail {
        statement.execute(connection).await?;
        return Ok(Inserted::All);
    }
    let keys = statement
        .on_conflict_do_nothing()
        .returning((t::project, t::session_id, t::event_id, t::event_timestamp))
        .get_results(connection)
        .await?;
    Ok(Inserted::Keys(keys))
}
