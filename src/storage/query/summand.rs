//! What each session adds to a sum of its group.

use super::columns::Cell;

/// A sum over sessions, or the least or the most of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Summand {
    pub(super) merging: Merging,
    summing: Summing,
    /// The values of a session that it is told from.
    pub(super) cells: Vec<Cell>,
}

/// How a part of two groups becomes one of both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Merging {
    Add,
    Least,
    Most,
}

/// What a session adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Summing {
    /// 1 where all conditions hold.
    Holds,
    /// 1 where the value is known.
    Known,
    /// The value.
    Value,
    /// Of a ratio, above and below: 1 where there is something to divide by.
    Divisible,
    /// What stands above the line, there.
    Above,
    /// What stands below it, there.
    Below,
}

impl Summand {
    pub(super) fn new(merging: Merging, summing: Summing, cells: &[Cell]) -> Self {
        Self {
            merging,
            summing,
            cells: cells.to_vec(),
        }
    }

    /// What a session with these values adds, if anything.
    pub(super) fn of(&self, values: &[f64]) -> Option<f64> {
        let first = values.first().copied().filter(|value| !value.is_nan());
        let divisible = || match values {
            [above, below] if *below > 0.0 && !above.is_nan() => Some((*above, *below)),
            _ => None,
        };
        match self.summing {
            Summing::Holds => Some(f64::from(values.iter().all(|value| *value > 0.0))),
            Summing::Known => Some(f64::from(first.is_some())),
            Summing::Value => first,
            Summing::Divisible => Some(f64::from(divisible().is_some())),
            Summing::Above => divisible().map(|(above, _)| above),
            Summing::Below => divisible().map(|(_, below)| below),
        }
    }
}

impl Merging {
    /// Of both; what is missing changes nothing.
    pub(super) fn merge(self, one: Option<f64>, other: Option<f64>) -> Option<f64> {
        match (one, other) {
            (Some(one), Some(other)) => Some(match self {
                Self::Add => one + other,
                Self::Least => one.min(other),
                Self::Most => one.max(other),
            }),
            (one, other) => one.or(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_adds_to_a_ratio_only_where_both_sides_are_known_and_there_is_something_below() {
        let nan = f64::NAN;
        for (above, below, divisible) in [
            (2.0, 10.0, true),
            (0.0, 10.0, true),
            (2.0, 0.0, false),
            (nan, 10.0, false),
            (2.0, nan, false),
        ] {
            let told = |summing| Summand::new(Merging::Add, summing, &[]).of(&[above, below]);
            assert_eq!(told(Summing::Divisible), Some(f64::from(divisible)));
            assert_eq!(told(Summing::Above), divisible.then_some(above));
            assert_eq!(told(Summing::Below), divisible.then_some(below));
        }
    }

    #[test]
    fn what_is_not_known_is_neither_counted_nor_summed() {
        let told = |summing, value: f64| Summand::new(Merging::Add, summing, &[]).of(&[value]);
        assert_eq!(told(Summing::Known, f64::NAN), Some(0.0));
        assert_eq!(told(Summing::Value, f64::NAN), None);
        assert_eq!(told(Summing::Known, 0.0), Some(1.0));
        assert_eq!(told(Summing::Value, -3.0), Some(-3.0));
        // A condition that is NULL does not hold.
        assert_eq!(told(Summing::Holds, f64::NAN), Some(0.0));
    }

    #[test]
    fn parts_of_two_groups_become_one_of_both() {
        for (merging, both) in [
            (Merging::Add, 5.0),
            (Merging::Least, 2.0),
            (Merging::Most, 3.0),
        ] {
            assert_eq!(merging.merge(Some(2.0), Some(3.0)), Some(both));
            assert_eq!(merging.merge(None, Some(3.0)), Some(3.0));
            assert_eq!(merging.merge(None, None), None);
        }
    }
}
