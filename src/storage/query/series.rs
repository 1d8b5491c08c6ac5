//! Values over time, for a chart: as they came, or thinned out so that the chart looks the same.

use serde::Serialize;
use utoipa::ToSchema;

/// Values over time, in two lists of the same length. Times do not fall; what is not known is left
/// out.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Series<T> {
    /// Since the session's first event, ms.
    at_ms: Vec<i64>,
    value: Vec<T>,
}

/// A value and its time, ms.
pub(super) type Point<T> = (i64, T);

impl<T: Copy> Series<T> {
    /// Every point there is.
    pub(super) fn whole(points: &[Point<T>]) -> Self {
        points.iter().copied().collect()
    }
}

impl<T> FromIterator<Point<T>> for Series<T> {
    fn from_iter<I: IntoIterator<Item = Point<T>>>(points: I) -> Self {
        let (at_ms, value) = points.into_iter().unzip();
        Self { at_ms, value }
    }
}

/// Of each bucket the least and the greatest value at their own times; of equal ones the first.
pub(super) fn extremes(points: &[Point<f64>], bucket_ms: i64) -> Series<f64> {
    let kept = buckets(points, bucket_ms).flat_map(|bucket| {
        let values = || bucket.iter().map(|point| point.1).enumerate();
        let least = values().min_by(|one, other| one.1.total_cmp(&other.1));
        let most = values()
            .rev()
            .max_by(|one, other| one.1.total_cmp(&other.1));
        pick(bucket, [least.map(|it| it.0), most.map(|it| it.0)])
    });
    kept.collect()
}

/// Of values that hold until the next one: of each bucket the least and the greatest that is known,
/// and the last, which is the one that holds on.
pub(super) fn steps(points: &[Point<Option<i32>>], bucket_ms: i64) -> Series<Option<i32>> {
    let kept = buckets(points, bucket_ms).flat_map(|bucket| {
        let values = bucket.iter().map(|point| point.1).enumerate();
        let known = || values.clone().filter_map(|(at, value)| Some((value?, at)));
        let least = known().min_by_key(|(value, _)| *value);
        let most = known().rev().max_by_key(|(value, _)| *value);
        let last = bucket.len().checked_sub(1);
        pick(bucket, [least.map(|it| it.1), most.map(|it| it.1), last])
    });
    kept.collect()
}

/// The sum of each bucket that has any, at its beginning.
pub(super) fn sums(points: &[Point<i64>], bucket_ms: i64) -> Series<i64> {
    let sums = buckets(points, bucket_ms).filter_map(|bucket| {
        let begins_ms = bucket.first()?.0 / bucket_ms * bucket_ms;
        let values = bucket.iter().map(|point| point.1);
        Some((begins_ms, values.fold(0, i64::saturating_add)))
    });
    sums.collect()
}

/// The points bucket by bucket. There are as many buckets as have points, however long the time.
fn buckets<T>(points: &[Point<T>], bucket_ms: i64) -> impl Iterator<Item = &[Point<T>]> {
    points.chunk_by(move |one, other| one.0 / bucket_ms == other.0 / bucket_ms)
}

/// The points at these places, each once, in their order.
fn pick<T: Copy, const N: usize>(
    points: &[Point<T>],
    places: [Option<usize>; N],
) -> impl Iterator<Item = Point<T>> {
    let mut places: Vec<usize> = places.into_iter().flatten().collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().filter_map(|at| points.get(at).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_keeps_its_extremes_at_their_own_times() {
        let points = [
            (0, 5.0),
            (100, 9.0),
            (400, 1.0),
            (999, 5.0),
            // Of equal values the first.
            (1000, 3.0),
            (1500, 3.0),
            // Years later.
            (1_000_000_000_000, 2.0),
            (1_000_000_000_000, 4.0),
        ];
        let expected = [
            (100, 9.0),
            (400, 1.0),
            (1000, 3.0),
            (1_000_000_000_000, 2.0),
            (1_000_000_000_000, 4.0),
        ];
        assert_eq!(extremes(&points, 1000), Series::whole(&expected));
        assert_eq!(extremes(&[], 1000), Series::whole(&[]));
    }

    #[test]
    fn a_bucket_of_steps_keeps_the_last_one_too() {
        let points = [
            (0, Some(3000)),
            (200, Some(500)),
            (400, Some(4000)),
            (600, None),
            (800, Some(1500)),
            (1200, None),
            (2000, Some(800)),
            (2900, None),
        ];
        let expected = [
            (200, Some(500)),
            (400, Some(4000)),
            (800, Some(1500)),
            (1200, None),
            (2000, Some(800)),
            (2900, None),
        ];
        assert_eq!(steps(&points, 1000), Series::whole(&expected));
    }

    #[test]
    fn a_bucket_of_counts_is_their_sum_and_none_is_not_0() {
        let points = [(10, 2), (990, 3), (2500, 0)];
        assert_eq!(sums(&points, 1000), Series::whole(&[(0, 5), (2000, 0)]));
    }
}
