//! Counting the sessions that have each value of a dimension.

use std::collections::HashMap;

use super::columns::{Column, Rows};

/// Values that contain a part, with their sessions so far.
pub(super) struct ValueCounts {
    /// The column's number in the scan.
    column: usize,
    /// In lower case.
    part: Option<String>,
    sessions: HashMap<Option<String>, i64>,
}

impl ValueCounts {
    pub(super) fn new(column: usize, part: Option<String>) -> Self {
        Self {
            column,
            part,
            sessions: HashMap::new(),
        }
    }

    /// Different values.
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Adds an hour's sessions. Each different text is looked at once only.
    pub(super) fn add(&mut self, rows: &Rows<'_>) {
        match rows.column(self.column) {
            Some(Column::Texts(text)) => {
                let mut sessions: Vec<i64> = vec![0; text.words().count()];
                for row in rows.picked {
                    let code = text
                        .codes()
                        .get(*row)
                        .and_then(|it| usize::try_from(*it).ok());
                    if let Some(sessions) = code.and_then(|code| sessions.get_mut(code)) {
                        *sessions += 1;
                    }
                }
                for (word, sessions) in text.words().zip(sessions) {
                    self.count(word, sessions);
                }
            }
            // True, false or not known.
            _ => {
                for row in rows.picked {
                    let number = rows.numbers(self.column).get(*row);
                    let word = number.filter(|it| !it.is_nan()).map(|it| *it > 0.0);
                    self.count(word.map(|word| if word { "true" } else { "false" }), 1);
                }
            }
        }
    }

    fn count(&mut self, word: Option<&str>, sessions: i64) {
        let has_part = |part: &String| {
            word.is_some_and(|word| word.to_ascii_lowercase().contains(part.as_str()))
        };
        if sessions > 0 && self.part.as_ref().is_none_or(has_part) {
            let known = self.sessions.entry(word.map(str::to_owned)).or_default();
            *known += sessions;
        }
    }
}

impl IntoIterator for ValueCounts {
    type Item = (Option<String>, i64);
    type IntoIter = std::collections::hash_map::IntoIter<Option<String>, i64>;

    fn into_iter(self) -> Self::IntoIter {
        self.sessions.into_iter()
    }
}
