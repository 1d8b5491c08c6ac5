//! How many seeks: those at most 2 s apart are one.

use super::row::{Mark, Row};

pub(crate) fn count(rows: &[Row<'_>]) -> i64 {
    let mut marks: Vec<Mark> = Vec::new();
    let mut count = 0;
    for mark in rows.iter().flat_map(|row| &row.marks) {
        let last_ms = marks.iter().map(time_ms).max();
        let began = match *mark {
            Mark::Begin(at_ms) => {
                last_ms.is_none_or(|last_ms| at_ms.saturating_sub(last_ms) > 2000)
            }
            // It may have been the one seen in that stretch.
            Mark::Lost(from_ms) => {
                last_ms.is_none_or(|last_ms| from_ms.saturating_sub(last_ms) > 2000)
            }
            Mark::End(_) => false,
        };
        count += i64::from(began);
        marks.push(*mark);
    }
    count
}

fn time_ms(mark: &Mark) -> i64 {
    match mark {
        Mark::Begin(at_ms) | Mark::End(at_ms) | Mark::Lost(at_ms) => *at_ms,
    }
}
