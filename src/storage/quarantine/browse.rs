//! Looking at what was refused: the newest first, and single rows by the beginning of their digest.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::helper_types::IntoBoxed;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use thiserror::Error;

use super::super::StorageError;
use super::super::schema::rejected_events as r;

/// Which rows.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of one project only.
    pub project: Option<String>,
    /// Refused for this reason only.
    pub reason: Option<String>,
    /// Received at this time or later.
    pub since: Option<DateTime<Utc>>,
}

/// A row without the event.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = r)]
pub struct Listed {
    /// Whose it is.
    pub project: String,
    /// Its key within the project.
    pub digest: Vec<u8>,
    /// When the server received it.
    pub received_at: DateTime<Utc>,
    /// The code, as in the reply.
    pub reason: String,
    /// What was wrong.
    pub detail: String,
    /// The event's length as sent.
    pub raw_bytes: i64,
}

/// A row.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = r)]
pub struct Kept {
    /// All but the event.
    #[diesel(embed)]
    pub listed: Listed,
    /// The event as sent, or its beginning.
    pub raw: Vec<u8>,
}

impl Listed {
    /// The digest as people name it.
    pub fn id(&self) -> String {
        self.digest
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

/// The beginning of an id in hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdPrefix {
    first: Vec<u8>,
    last: Vec<u8>,
}

/// Digits of a whole id: a SHA-256.
const ID_DIGITS: usize = 64;
/// Fewer digits are more likely a mistake than an id.
const LEAST_DIGITS: usize = 4;

/// A text that is not the beginning of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("an id is {LEAST_DIGITS} to {ID_DIGITS} hexadecimal digits, as `rejected list` shows it")]
pub struct InvalidId;

impl FromStr for IdPrefix {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let fits = (LEAST_DIGITS..=ID_DIGITS).contains(&text.len());
        if !fits || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidId);
        }
        let filled = |with: &str| {
            let digits = format!("{text}{}", with.repeat(ID_DIGITS - text.len()));
            let pairs = (0..ID_DIGITS / 2).map(|at| digits.get(2 * at..2 * at + 2));
            let bytes = pairs.map(|pair| u8::from_str_radix(pair?, 16).ok());
            bytes.collect::<Option<Vec<u8>>>().ok_or(InvalidId)
        };
        Ok(Self {
            first: filled("0")?,
            last: filled("f")?,
        })
    }
}

/// What an id stands for.
#[derive(Debug, Clone)]
pub enum Found {
    /// One row.
    One(Box<Kept>),
    /// None: it never was, or is not kept any more.
    None,
    /// Several: more digits or the project would tell.
    Several,
}

type Rows<'a> = IntoBoxed<'a, r::table, Pg>;

/// The rows that a filter lets through.
fn rows(filter: &Filter) -> Rows<'_> {
    let mut rows = r::table.into_boxed();
    if let Some(project) = &filter.project {
        rows = rows.filter(r::project.eq(project));
    }
    if let Some(reason) = &filter.reason {
        rows = rows.filter(r::reason.eq(reason));
    }
    if let Some(since) = filter.since {
        rows = rows.filter(r::received_at.ge(since));
    }
    rows
}

/// How many rows a filter lets through.
pub async fn count(
    connection: &mut AsyncPgConnection,
    filter: &Filter,
) -> Result<u64, StorageError> {
    let count: i64 = rows(filter).count().get_result(connection).await?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The newest rows, or those that come behind a given one.
pub async fn list(
    connection: &mut AsyncPgConnection,
    filter: &Filter,
    behind: Option<&Listed>,
    limit: i64,
) -> Result<Vec<Listed>, StorageError> {
    let mut rows = rows(filter);
    if let Some(last) = behind {
        let same_digest = r::project.eq(&last.project).and(r::digest.lt(&last.digest));
        let same_time = r::project.lt(&last.project).or(same_digest);
        let at = last.received_at;
        rows = rows.filter(
            r::received_at
                .lt(at)
                .or(r::received_at.eq(at).and(same_time)),
        );
    }
    let newest_first = (r::received_at.desc(), r::project.desc(), r::digest.desc());
    let listed = rows
        .order(newest_first)
        .limit(limit)
        .select(Listed::as_select());
    Ok(listed.load(connection).await?)
}

/// The next rows in the order of their arrival, with their events.
pub(super) async fn next_rows(
    connection: &mut AsyncPgConnection,
    filter: &Filter,
    until: DateTime<Utc>,
    behind: Option<&Listed>,
    limit: i64,
) -> Result<Vec<Kept>, StorageError> {
    let mut rows = rows(filter).filter(r::received_at.le(until));
    if let Some(last) = behind {
        let same_digest = r::project.eq(&last.project).and(r::digest.gt(&last.digest));
        let same_time = r::project.gt(&last.project).or(same_digest);
        let at = last.received_at;
        rows = rows.filter(
            r::received_at
                .gt(at)
                .or(r::received_at.eq(at).and(same_time)),
        );
    }
    let rows = rows
        .order((r::received_at, r::project, r::digest))
        .limit(limit)
        .select(Kept::as_select());
    Ok(rows.load(connection).await?)
}

/// The row that an id stands for.
pub async fn find(
    connection: &mut AsyncPgConnection,
    project: Option<&str>,
    id: &IdPrefix,
) -> Result<Found, StorageError> {
    let mut rows = r::table
        .filter(r::digest.between(&id.first, &id.last))
        .into_boxed();
    if let Some(project) = project {
        rows = rows.filter(r::project.eq(project));
    }
    let mut found: Vec<Kept> = rows
        .limit(2)
        .select(Kept::as_select())
        .load(connection)
        .await?;
    Ok(match (found.pop(), found.is_empty()) {
        (None, _) => Found::None,
        (Some(kept), true) => Found::One(Box::new(kept)),
        (Some(_), false) => Found::Several,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_beginning_of_a_digest_of_any_even_or_odd_length() {
        let even: IdPrefix = "aB30".parse().unwrap();
        assert_eq!(even.first.get(..2), Some(&[0xab, 0x30][..]));
        let odd: IdPrefix = "01234".parse().unwrap();
        assert_eq!(odd.first.get(..4), Some(&[0x01, 0x23, 0x40, 0][..]));
        assert_eq!(odd.last.get(..4), Some(&[0x01, 0x23, 0x4f, 0xff][..]));
        let whole: IdPrefix = "0f".repeat(32).parse().unwrap();
        assert_eq!(whole.first, whole.last);
    }

    #[test]
    fn what_is_no_beginning_of_an_id_is_refused() {
        for text in ["", "abc", "xyz0", "ab c", "+123", "é123", &"0".repeat(65)] {
            assert_eq!(text.parse::<IdPrefix>(), Err(InvalidId), "{text}");
        }
    }
}
