//! Where the buckets of a histogram begin and end: at round numbers, so that an axis can be read.
//!
//! Bounds that were asked for hold; the others come from the values. One session that paused for a
//! week must not press all others into one bucket: where the outermost percent would take more than
//! half of the axis, the axis ends at the percentile.

use super::histogram::{HistogramQuery, Scale, at_rank};
use super::parts::{float, whole};

/// No bound lies further out, and no axis goes there by itself.
pub(super) const FURTHEST: f64 = 1e15;
/// The powers of ten that make widths and edges of such an axis.
const POWERS: std::ops::RangeInclusive<i32> = -18..=15;
/// Within a power of ten: the widths of buckets.
const WIDTHS: [f64; 4] = [1.0, 2.0, 2.5, 5.0];
/// Within a power of ten: the edges of a logarithmic axis, from fine to coarse. The long ones are the
/// preferred numbers of ISO 3, R20 and R10.
const STEPS: [&[f64]; 4] = [
    &[
        1.0, 1.12, 1.25, 1.4, 1.6, 1.8, 2.0, 2.24, 2.5, 2.8, 3.15, 3.55, 4.0, 4.5, 5.0, 5.6, 6.3,
        7.1, 8.0, 9.0,
    ],
    &[1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0],
    &[1.0, 2.0, 5.0],
    &[1.0],
];
/// Where those would leave out whole numbers.
const UNITS: &[f64] = &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
/// Some of the edges of a logarithmic axis are far apart, and one must lie above any value.
const LOG_POWERS: std::ops::RangeInclusive<i32> = -18..=55;
/// Neighbouring edges differ by at least this share of themselves, and quotients by less are rounding.
const FINEST: f64 = 1e-9;

/// What the axis must reach, and whether somebody asked for that.
#[derive(Debug, Clone, Copy)]
struct Axis {
    low: f64,
    low_is_asked: bool,
    high: f64,
    high_is_asked: bool,
}

/// The edges for these values, which are in order. A bucket goes from one, inclusive, to the next, so
/// there is one bucket less. There are none where neither values nor bounds tell an axis.
pub(super) fn edges(query: &HistogramQuery, values: &[f64]) -> Vec<f64> {
    let is_log = query.scale == Scale::Log;
    let shown = values.partition_point(|value| is_log && *value <= 0.0);
    let shown = values.get(shown..).unwrap_or_default();
    let ends = if is_log {
        ends(shown)
    } else {
        usual_ends(shown)
    };
    let Some(axis) = Axis::new(query, ends) else {
        return Vec::new();
    };
    if is_log {
        log_edges(query, axis)
    } else {
        even_edges(query, axis)
    }
}

fn ends(values: &[f64]) -> Option<(f64, f64)> {
    let inside = |value: &f64| value.clamp(-FURTHEST, FURTHEST);
    values.first().map(inside).zip(values.last().map(inside))
}

fn usual_ends(values: &[f64]) -> Option<(f64, f64)> {
    let (first, last) = ends(values)?;
    let low = at_rank(values, 0.01)?.clamp(first, last);
    let high = at_rank(values, 0.99)?.clamp(first, last);
    let usual = high - low;
    let end = |end: f64, percentile: f64| {
        let is_far = usual > 0.0 && (end - percentile).abs() > usual;
        if is_far { percentile } else { end }
    };
    Some((end(first, low), end(last, high)))
}

impl Axis {
    fn new(query: &HistogramQuery, ends: Option<(f64, f64)>) -> Option<Self> {
        let is_log = query.scale == Scale::Log;
        let (low, high) = (ends.map(|it| it.0), ends.map(|it| it.1));
        let (low, high) = match (query.min, query.max) {
            (Some(min), Some(max)) => (min, max),
            // All values may lie below the bound, or above it.
            (Some(min), None) if is_log => (min, high?.max(min * 10.0)),
            (Some(min), None) => (min, high?.max(min)),
            (None, Some(max)) if is_log => (low?.min(max / 10.0), max),
            (None, Some(max)) if low? < max => (low?, max),
            (None, Some(max)) => ((max - 1.0).min(0.0), max),
            (None, None) => (low?, high?),
        };
        Some(Self {
            low,
            low_is_asked: query.min.is_some(),
            high,
            high_is_asked: query.max.is_some(),
        })
    }
}

/// Buckets of one round width, the smallest of which few enough are needed.
fn even_edges(query: &HistogramQuery, axis: Axis) -> Vec<f64> {
    let span = axis.high - axis.low;
    let mut least = axis.low.abs().max(axis.high.abs()) * FINEST;
    if query.is_whole || (span <= 0.0 && axis.low.abs() < FINEST) {
        least = least.max(1.0);
    } else if span <= 0.0 {
        least = power_of_ten(whole_power(axis.low.abs()));
    }
    for power in POWERS {
        for width in WIDTHS.map(|width| tidy(width * power_of_ten(power))) {
            let is_whole = width.fract().abs() < f64::MIN_POSITIVE;
            let too_fine = width < least || width * float(query.buckets) < span * (1.0 - FINEST);
            if too_fine || (query.is_whole && !is_whole) {
                continue;
            }
            let start = match axis.low_is_asked {
                true => axis.low,
                false => tidy((axis.low / width + FINEST).floor() * width),
            };
            let steps = (axis.high - start) / width;
            let count = match axis.high_is_asked {
                true => whole((steps - FINEST).ceil()).max(1),
                // The highest value is in the last bucket, and not where that ends.
                false => whole((steps + FINEST).floor()) + 1,
            };
            if count <= query.buckets {
                let edge = |at: i64| tidy(start + float(at) * width);
                return (0..=count).map(edge).collect();
            }
        }
    }
    Vec::new()
}

/// Buckets that grow with the axis, as fine as few enough allow.
fn log_edges(query: &HistogramQuery, axis: Axis) -> Vec<f64> {
    let coarser = (2..=40).map(|every| (every, &[1.0][..]));
    let by_power = STEPS.into_iter().map(|steps| (1, steps));
    for (every, steps) in by_power.chain(coarser) {
        let round = round_numbers(every, steps, query.is_whole);
        let edges = cut(&round, axis);
        if i64::try_from(edges.len()).unwrap_or(i64::MAX) - 1 <= query.buckets {
            return edges;
        }
    }
    Vec::new()
}

fn round_numbers(every: usize, steps: &[f64], only_whole: bool) -> Vec<f64> {
    let mut numbers = Vec::new();
    for power in LOG_POWERS.step_by(every) {
        let all = only_whole && power == 0 && steps.len() > UNITS.len();
        for step in if all { UNITS } else { steps } {
            let number = tidy(step * power_of_ten(power));
            let is_whole = number.fract().abs() < f64::MIN_POSITIVE;
            if is_whole || !only_whole {
                numbers.push(number);
            }
        }
    }
    numbers
}

/// From the last round number that is not above the axis' low end to the first above its high end;
/// where an end was asked for, it is that.
fn cut(round: &[f64], axis: Axis) -> Vec<f64> {
    let begin = round
        .partition_point(|it| *it <= axis.low)
        .saturating_sub(1);
    let end = round.partition_point(|it| *it <= axis.high);
    let mut edges: Vec<f64> = round.get(begin..=end).unwrap_or_default().to_vec();
    if axis.low_is_asked {
        edges.retain(|it| *it > axis.low * (1.0 + FINEST));
        edges.insert(0, axis.low);
    }
    if axis.high_is_asked {
        edges.retain(|it| *it < axis.high * (1.0 - FINEST));
        edges.push(axis.high);
    }
    edges
}

fn power_of_ten(power: i32) -> f64 {
    tidy(10f64.powi(power))
}

/// Of the largest power of ten that is not above this.
fn whole_power(number: f64) -> i32 {
    let power = whole(number.log10().floor());
    i32::try_from(power).unwrap_or_default()
}

/// Without what binary fractions add: 0.3, and not 0.30000000000000004.
fn tidy(number: f64) -> f64 {
    if number.fract().abs() < f64::MIN_POSITIVE {
        return number;
    }
    format!("{number:.12e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests;
