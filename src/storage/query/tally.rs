//! Counting sessions into the smallest groups there are.

use std::collections::HashMap;

use super::columns::{Rows, Scan, Words};
use super::figures::FiguresQuery;
use super::metric::Wanted;
use super::parts::{Parts, float, whole};

/// Smallest groups that are counted; memory is bounded by this, and by the sessions whose single
/// values are wanted.
pub(super) const MAX_GROUPS: usize = 200_000;
const US_PER_SEC: i64 = 1_000_000;

/// A smallest group: values of up to two dimensions by their numbers, and the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Slot {
    groups: [u32; 2],
    before: bool,
    begins: Option<i64>,
}

/// A smallest group with what is known of it.
pub(super) struct SmallestGroup {
    pub(super) groups: [Option<String>; 2],
    pub(super) before: bool,
    pub(super) begins: Option<i64>,
    pub(super) parts: Parts,
}

/// The groups while they are counted.
pub(super) struct Tally<'a> {
    query: &'a FiguresQuery,
    beginnings: &'a [i64],
    wanted: &'a Wanted,
    /// The columns' numbers in the scan.
    sums: Vec<Vec<usize>>,
    lists: Vec<usize>,
    dimensions: Vec<Words>,
    slots: HashMap<Slot, usize>,
    parts: Vec<Parts>,
}

impl<'a> Tally<'a> {
    /// Asks the scan for the columns that are wanted.
    pub(super) fn new(
        query: &'a FiguresQuery,
        beginnings: &'a [i64],
        wanted: &'a Wanted,
        scan: &mut Scan,
    ) -> Self {
        let dimensions = query.group_by.iter().map(|place| Words::new(place, scan));
        let dimensions = dimensions.collect();
        let sums = wanted.sums.iter().map(|summand| {
            let cells = summand.cells.iter().cloned();
            cells.map(|cell| scan.want(cell)).collect()
        });
        let sums = sums.collect();
        let lists = wanted
            .lists
            .iter()
            .cloned()
            .map(|cell| scan.want(cell))
            .collect();
        Self {
            query,
            beginnings,
            wanted,
            sums,
            lists,
            dimensions,
            slots: HashMap::new(),
            parts: Vec::new(),
        }
    }

    /// Counts an hour's sessions; false when the groups become too many.
    pub(super) fn count(&mut self, rows: &Rows<'_>) -> bool {
        let slots = self.slots_of(rows);
        if self.parts.len() > MAX_GROUPS {
            return false;
        }
        for (at, (summand, columns)) in self.wanted.sums.iter().zip(&self.sums).enumerate() {
            let columns: Vec<&[f64]> = columns.iter().map(|it| rows.numbers(*it)).collect();
            let mut values = vec![f64::NAN; columns.len()];
            for (row, slot) in rows.picked.iter().zip(&slots) {
                for (value, column) in values.iter_mut().zip(&columns) {
                    *value = column.get(*row).copied().unwrap_or(f64::NAN);
                }
                if let Some(sum) = self
                    .parts
                    .get_mut(*slot)
                    .and_then(|parts| parts.sum_mut(at))
                {
                    *sum = summand.merging.merge(*sum, summand.of(&values));
                }
            }
        }
        for (at, column) in self.lists.iter().enumerate() {
            let column = rows.numbers(*column);
            for (row, slot) in rows.picked.iter().zip(&slots) {
                let value = column.get(*row).filter(|value| !value.is_nan());
                let list = self
                    .parts
                    .get_mut(*slot)
                    .and_then(|parts| parts.list_mut(at));
                if let Some((list, value)) = list.zip(value) {
                    list.push(*value);
                }
            }
        }
        true
    }

    /// The group of each picked row.
    fn slots_of(&mut self, rows: &Rows<'_>) -> Vec<usize> {
        let mut groups = vec![[0; 2]; rows.picked.len()];
        for (at, dimension) in self.dimensions.iter_mut().enumerate() {
            let numbers = dimension.numbers(rows);
            for (group, number) in groups.iter_mut().zip(numbers) {
                if let Some(place) = group.get_mut(at) {
                    *place = number;
                }
            }
        }
        let times = rows.times_us();
        let mut slots = Vec::with_capacity(groups.len());
        for (row, groups) in rows.picked.iter().zip(groups) {
            let (before, begins) = self.place(times.get(*row).copied().unwrap_or_default());
            let slot = Slot {
                groups,
                before,
                begins,
            };
            let next = self.parts.len();
            let at = *self.slots.entry(slot).or_insert(next);
            if at == next {
                self.parts.push(Parts::new(self.wanted));
            }
            slots.push(at);
        }
        slots
    }

    /// Whether it was in the period before, and else in which stretch.
    fn place(&self, time_us: f64) -> (bool, Option<i64>) {
        let period = self.query.period;
        if time_us < float(period.from.timestamp_micros()) {
            return (true, None);
        }
        let time_sec = whole(time_us).div_euclid(US_PER_SEC);
        let interval = self.query.interval.as_ref();
        (
            false,
            interval.map(|it| it.begins(time_sec, self.beginnings)),
        )
    }

    /// All groups, by their values.
    pub(super) fn into_groups(self) -> impl Iterator<Item = SmallestGroup> {
        let values: Vec<Vec<Option<String>>> = self
            .dimensions
            .into_iter()
            .map(Words::into_values)
            .collect();
        let mut parts = self.parts.into_iter();
        let mut slots: Vec<(Slot, usize)> = self.slots.into_iter().collect();
        slots.sort_unstable_by_key(|(_, at)| *at);
        slots.into_iter().map_while(move |(slot, _)| {
            let value = |(at, number): (usize, &u32)| {
                let number = usize::try_from(*number).ok()?;
                values.get(at)?.get(number).cloned().flatten()
            };
            let [one, two] = [(0, &slot.groups[0]), (1, &slot.groups[1])].map(value);
            Some(SmallestGroup {
                groups: [one, two],
                before: slot.before,
                begins: slot.begins,
                parts: parts.next()?,
            })
        })
    }
}
