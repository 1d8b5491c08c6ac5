//! Which few moments a page of a list can be of, from columns in memory.
//!
//! Where no index has a list's order, or its filters let few sessions through, PostgreSQL would look at
//! every row of the period. The columns tell the rows of the page but for their ids: so they tell when
//! its sessions start, and the list's own statement, asked about these moments only, does the rest. It
//! may find more sessions there than the page has, and never fewer.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::Value;

use super::columns::{Cell, Column, Columns, Rows, Scan};
use super::condition::time_of;
use super::parts::{float, whole};
use super::{Cursor, Kind, Place, SessionsQuery, Sort};
use crate::storage::StorageError;

/// Rows of equal key cannot be told apart without their ids. With more moments than this the plain
/// statement is as good.
const MAX_MOMENTS: usize = 5000;
/// Candidates are thinned out when they are this many.
const THIN_AT: usize = 50_000;

/// The moments at which the page's sessions start (or end, by the period's clock); `None` where the
/// plain statement is as good. It belongs into the statement's own snapshot.
pub(super) async fn moments(
    query: &SessionsQuery,
    connection: &mut AsyncPgConnection,
    columns: &Columns,
) -> Result<Option<Vec<DateTime<Utc>>>, StorageError> {
    let by_time = query.sort.field.name == query.period.clock.column();
    if by_time && query.filters.is_empty() {
        return Ok(None);
    }
    let mut scan = Scan::new(&query.project, query.period, &query.filters);
    let key = scan.want(Cell::of(&Place::Column(query.sort.field)));
    if by_time && query.sort.descending {
        scan.latest_first();
    }
    let mut candidates = Candidates::new(query);
    scan.run_within(connection, columns, |rows: &Rows<'_>| {
        candidates.add(rows, key);
        // Hours that come later sort later, too.
        !(by_time && candidates.found.len() >= candidates.wanted)
    })
    .await?;
    candidates.thin();
    Ok(candidates.into_moments())
}

/// Rows that may be on the page.
struct Candidates {
    sort: Sort,
    after: Option<Key>,
    wanted: usize,
    /// Sort key and time, epoch µs.
    found: Vec<(Key, f64)>,
    /// The times of those with the cursor's own key: they may stand before it or after.
    beside_us: Vec<f64>,
}

/// What a row is sorted by.
#[derive(Debug, Clone, PartialEq)]
enum Key {
    Number(f64),
    Text(Box<str>),
    Unknown,
}

impl Candidates {
    fn new(query: &SessionsQuery) -> Self {
        let key = |cursor: &Cursor| Key::new(query.sort.field.kind, cursor.key());
        Self {
            sort: query.sort,
            after: query.after.as_ref().map(key),
            // One more tells that there is a next page.
            wanted: usize::try_from(query.limit).unwrap_or_default() + 1,
            found: Vec::new(),
            beside_us: Vec::new(),
        }
    }

    fn add(&mut self, rows: &Rows<'_>, key: usize) {
        let times = rows.times_us();
        let keys = Keys::new(rows.column(key));
        for row in rows.picked {
            let key = keys.get(*row);
            let time_us = times.get(*row).copied().unwrap_or_default();
            let after = self.after.as_ref();
            match after.map_or(Ordering::Less, |it| self.sort.compare_keys(it, &key)) {
                Ordering::Less => self.found.push((key, time_us)),
                Ordering::Equal => self.beside_us.push(time_us),
                Ordering::Greater => {}
            }
        }
        if self.found.len() > THIN_AT {
            self.thin();
        }
    }

    /// Keeps those that can be on the page: the first ones, and all that are equal to the last of them.
    fn thin(&mut self) {
        let sort = self.sort;
        let order = |one: &(Key, f64), other: &(Key, f64)| sort.compare_keys(&one.0, &other.0);
        let Some(last) = self
            .wanted
            .checked_sub(1)
            .filter(|last| *last < self.found.len())
        else {
            return;
        };
        let (_, last, _) = self.found.select_nth_unstable_by(last, order);
        let last = last.clone();
        self.found.retain(|found| order(found, &last).is_le());
    }

    fn into_moments(self) -> Option<Vec<DateTime<Utc>>> {
        let found = self.found.into_iter().map(|(_, time_us)| time_us);
        let times: Vec<f64> = found.chain(self.beside_us).collect();
        if times.len() > MAX_MOMENTS {
            return None;
        }
        let moment = |time_us: f64| DateTime::from_timestamp_micros(whole(time_us));
        Some(times.into_iter().filter_map(moment).collect())
    }
}

/// The keys of an hour's rows.
#[derive(Debug)]
enum Keys<'a> {
    Numbers(&'a [f64]),
    Texts(Vec<Key>, &'a [u32]),
}

impl<'a> Keys<'a> {
    fn new(column: Option<&'a Column>) -> Self {
        match column {
            Some(Column::Texts(text)) => {
                let key = |word: Option<&str>| word.map_or(Key::Unknown, |it| Key::Text(it.into()));
                Self::Texts(text.words().map(key).collect(), text.codes())
            }
            column => Self::Numbers(column.map_or(&[], Column::numbers)),
        }
    }

    fn get(&self, row: usize) -> Key {
        match self {
            Self::Numbers(numbers) => Key::number(numbers.get(row).copied()),
            Self::Texts(words, codes) => {
                let code = codes.get(row).and_then(|code| usize::try_from(*code).ok());
                let key = code.and_then(|code| words.get(code));
                key.cloned().unwrap_or(Key::Unknown)
            }
        }
    }
}

impl Key {
    fn number(number: Option<f64>) -> Self {
        number
            .filter(|it| !it.is_nan())
            .map_or(Self::Unknown, Self::Number)
    }

    fn new(kind: Kind, value: &Value) -> Self {
        let time_us = || time_of(value).map(|time| float(time.timestamp_micros()));
        match kind {
            Kind::Text => value
                .as_str()
                .map_or(Self::Unknown, |it| Self::Text(it.into())),
            Kind::Integer | Kind::Number => Self::number(value.as_f64()),
            Kind::Boolean => Self::number(value.as_bool().map(f64::from)),
            Kind::Time => Self::number(time_us()),
        }
    }
}

impl Sort {
    /// As the statement orders them: what is not known comes last either way.
    fn compare_keys(self, one: &Key, other: &Key) -> Ordering {
        let order = match (one, other) {
            (Key::Number(one), Key::Number(other)) => one.total_cmp(other),
            (Key::Text(one), Key::Text(other)) => one.cmp(other),
            (one, other) => return (*one == Key::Unknown).cmp(&(*other == Key::Unknown)),
        };
        if self.descending {
            order.reverse()
        } else {
            order
        }
    }
}
