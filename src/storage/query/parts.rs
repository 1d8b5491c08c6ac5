//! What is known of a group of sessions: the parts that metrics are told from.

use super::metric::{Plan, Wanted};

/// Parts of a group, in the order in which they were wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parts {
    sums: Vec<Option<f64>>,
    lists: Vec<Vec<f64>>,
}

/// A metric of a group: the value, if there is one, how many sessions it is of, and what it weighs
/// among others.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Told {
    pub(super) value: Option<f64>,
    pub(super) n: i64,
    pub(super) weight: f64,
}

impl Parts {
    /// Of nothing yet.
    pub(super) fn new(wanted: &Wanted) -> Self {
        Self {
            sums: vec![None; wanted.sums.len()],
            lists: vec![Vec::new(); wanted.lists.len()],
        }
    }

    /// A sum of these parts, to be added to.
    pub(super) fn sum_mut(&mut self, at: usize) -> Option<&mut Option<f64>> {
        self.sums.get_mut(at)
    }

    /// A list of these parts, to be added to.
    pub(super) fn list_mut(&mut self, at: usize) -> Option<&mut Vec<f64>> {
        self.lists.get_mut(at)
    }

    /// Of both groups.
    pub(super) fn merge(&mut self, other: &Self, wanted: &Wanted) {
        self.sums.resize(wanted.sums.len(), None);
        self.lists.resize(wanted.lists.len(), Vec::new());
        let summands = self.sums.iter_mut().zip(&other.sums).zip(&wanted.sums);
        for ((ours, theirs), summand) in summands {
            *ours = summand.merging.merge(*ours, *theirs);
        }
        for (ours, theirs) in self.lists.iter_mut().zip(&other.lists) {
            ours.extend_from_slice(theirs);
        }
    }

    /// Tells a metric.
    pub(super) fn tell(&mut self, plan: Plan) -> Told {
        match plan {
            Plan::Count { count, n } => {
                let n = self.sum(n).unwrap_or_default();
                Told {
                    value: Some(self.sum(count).unwrap_or_default()),
                    n: whole(n),
                    weight: n,
                }
            }
            Plan::Sum { sum, n } => {
                let n = self.sum(n).unwrap_or_default();
                Told {
                    value: self.sum(sum),
                    n: whole(n),
                    weight: n,
                }
            }
            Plan::Quotient { above, below, n } => {
                let weight = self.sum(below).unwrap_or_default();
                let above = self.sum(above).unwrap_or_default();
                Told {
                    value: (weight > 0.0).then(|| above / weight),
                    n: whole(self.sum(n).unwrap_or_default()),
                    weight,
                }
            }
            Plan::Percentile { list, fraction } => {
                let values = self.lists.get_mut(list);
                let (value, n) =
                    values.map_or((None, 0), |it| (percentile(it, fraction), it.len()));
                let n = i64::try_from(n).unwrap_or(i64::MAX);
                Told {
                    value,
                    n,
                    weight: float(n),
                }
            }
            Plan::Distinct(list) => {
                let mut values = self.lists.get(list).cloned().unwrap_or_default();
                let n = i64::try_from(values.len()).unwrap_or(i64::MAX);
                values.sort_unstable_by(f64::total_cmp);
                values.dedup_by(|one, other| one.total_cmp(other).is_eq());
                let different = i64::try_from(values.len()).unwrap_or(i64::MAX);
                Told {
                    value: Some(float(different)),
                    n,
                    weight: float(n),
                }
            }
        }
    }

    fn sum(&self, at: usize) -> Option<f64> {
        self.sums.get(at).copied().flatten()
    }
}

/// As PostgreSQL's `percentile_cont`: between two ranks, as far between their values.
pub(super) fn percentile(values: &mut [f64], fraction: f64) -> Option<f64> {
    let last = i64::try_from(values.len().checked_sub(1)?).ok()?;
    let rank = fraction * float(last);
    let below = usize::try_from(whole(rank.floor())).ok()?;
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    Some(low + (rank - rank.floor()) * (high - low))
}

/// Counts of sessions are far below 2^53.
#[expect(clippy::as_conversions, reason = "saturates, and counts are whole")]
pub(super) fn whole(count: f64) -> i64 {
    count as i64
}

/// Counts of sessions are far below 2^53.
#[expect(
    clippy::as_conversions,
    reason = "there is no other way, and it is exact"
)]
pub(super) fn float(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_ranks_as_far_as_between_values() {
        let mut values = [400.0, 100.0, 300.0, 200.0];
        for (fraction, expected) in [(0.5, 250.0), (0.95, 385.0), (0.0, 100.0), (1.0, 400.0)] {
            let told = percentile(&mut values, fraction).unwrap();
            assert!((told - expected).abs() < 1e-9, "{fraction}: {told}");
        }
        assert_eq!(percentile(&mut [7.0], 0.95), Some(7.0));
        assert_eq!(percentile(&mut [], 0.5), None);
    }
}
