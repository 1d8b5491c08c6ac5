//! The different values of a column over all hours of a scan, each with a number.

use std::collections::HashMap;

use super::super::Place;
use super::{Cell, Column, Rows, Scan};

/// The values so far, in the order in which they came: texts, or true and false as such.
pub(in super::super) struct Words {
    column: usize,
    numbers: HashMap<Option<String>, u32>,
}

impl Words {
    /// Those at a place, whose column the scan is asked for.
    pub(in super::super) fn new(place: &Place, scan: &mut Scan) -> Self {
        Self {
            column: scan.want(Cell::of(place)),
            numbers: HashMap::new(),
        }
    }

    /// The number of each picked row's value.
    pub(in super::super) fn numbers(&mut self, rows: &Rows<'_>) -> Vec<u32> {
        let Some(Column::Texts(text)) = rows.column(self.column) else {
            return self.numbers_of_conditions(rows);
        };
        // Only the words that picked rows have, and each once.
        let mut known: Vec<Option<u32>> = vec![None; text.words().count()];
        let words: Vec<Option<&str>> = text.words().collect();
        let mut number = |row: &usize| {
            let code = usize::try_from(*text.codes().get(*row)?).ok()?;
            let known = known.get_mut(code)?;
            Some(*known.get_or_insert_with(|| self.number(words.get(code).copied().flatten())))
        };
        let numbers = rows
            .picked
            .iter()
            .map(|row| number(row).unwrap_or_default());
        numbers.collect()
    }

    fn numbers_of_conditions(&mut self, rows: &Rows<'_>) -> Vec<u32> {
        let conditions = rows.numbers(self.column);
        let word = |row: &usize| match conditions.get(*row) {
            Some(holds) if *holds > 0.0 => Some("true"),
            Some(holds) if !holds.is_nan() => Some("false"),
            _ => None,
        };
        rows.picked
            .iter()
            .map(|row| self.number(word(row)))
            .collect()
    }

    fn number(&mut self, word: Option<&str>) -> u32 {
        let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        *self.numbers.entry(word.map(str::to_owned)).or_insert(next)
    }

    /// The values, each at the place of its number.
    pub(in super::super) fn into_values(self) -> Vec<Option<String>> {
        let mut values: Vec<_> = self.numbers.into_iter().collect();
        values.sort_unstable_by_key(|(_, number)| *number);
        values.into_iter().map(|(value, _)| value).collect()
    }
}
