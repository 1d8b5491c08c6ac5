//! Counting the sessions that have each value of a dimension. Made for somebody who types: a text that
//! is not looked for costs a look an hour, and none is copied twice.

use std::collections::HashMap;

use super::Place;
use super::columns::{Cell, Column, Rows, Scan};

/// Values that contain a part, with their sessions so far.
pub(super) struct ValueCounts {
    /// The column's number in the scan.
    column: usize,
    /// In lower case.
    part: Option<String>,
    known: HashMap<String, i64>,
    unknown: i64,
}

impl ValueCounts {
    /// Of the values at a place, whose column the scan is asked for.
    pub(super) fn new(place: &Place, part: Option<String>, scan: &mut Scan) -> Self {
        Self {
            column: scan.want(Cell::of(place)),
            part,
            known: HashMap::new(),
            unknown: 0,
        }
    }

    /// Different values.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// Adds an hour's sessions.
    pub(super) fn add(&mut self, rows: &Rows<'_>) {
        let Some(Column::Texts(text)) = rows.column(self.column) else {
            return self.add_conditions(rows);
        };
        let mut sessions: Vec<i64> = vec![0; text.words().count()];
        for row in rows.picked {
            let code = text.codes().get(*row);
            let code = code.and_then(|code| usize::try_from(*code).ok());
            if let Some(sessions) = code.and_then(|code| sessions.get_mut(code)) {
                *sessions += 1;
            }
        }
        for (word, sessions) in text.words().zip(sessions) {
            self.count(word, sessions);
        }
    }

    /// True, false or not known.
    fn add_conditions(&mut self, rows: &Rows<'_>) {
        let conditions = rows.numbers(self.column);
        for row in rows.picked {
            let known = conditions.get(*row).filter(|holds| !holds.is_nan());
            let word = known.map(|holds| if *holds > 0.0 { "true" } else { "false" });
            self.count(word, 1);
        }
    }

    fn count(&mut self, word: Option<&str>, sessions: i64) {
        let Some(word) = word else {
            self.unknown += sessions;
            return;
        };
        if sessions == 0 || !self.has_part(word) {
            return;
        }
        match self.known.get_mut(word) {
            Some(known) => *known += sessions,
            None => {
                self.known.insert(word.to_owned(), sessions);
            }
        }
    }

    fn has_part(&self, word: &str) -> bool {
        let has = |part: &String| word.to_ascii_lowercase().contains(part.as_str());
        self.part.as_ref().is_none_or(has)
    }

    /// All values with their sessions. What is not known contains no part.
    pub(super) fn into_counts(self) -> impl Iterator<Item = (Option<String>, i64)> {
        let is_told = self.part.is_none() && self.unknown > 0;
        let unknown = is_told.then_some((None, self.unknown));
        let known = self.known.into_iter();
        known.map(|(word, n)| (Some(word), n)).chain(unknown)
    }
}
