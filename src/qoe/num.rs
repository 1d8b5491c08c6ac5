//! The only numeric casts of the model: total functions without surprises.

/// An integer as a float. Exact up to 2^53, which is 285 000 years in ms.
#[expect(clippy::as_conversions, reason = "std has no i64 to f64 conversion")]
pub(super) fn float(value: i64) -> f64 {
    value as f64
}

/// A float rounded to the nearest integer, half away from zero; saturates, and NaN is 0.
#[expect(
    clippy::as_conversions,
    reason = "std has no f64 to i64 conversion; `as` saturates"
)]
pub(super) fn rounded(value: f64) -> i64 {
    value.round() as i64
}

/// A float cut to an integer towards zero; saturates, and NaN is 0.
#[expect(
    clippy::as_conversions,
    reason = "std has no f64 to i64 conversion; `as` saturates"
)]
pub(super) fn truncated(value: f64) -> i64 {
    value as i64
}

/// `part ÷ whole` in 0–1; `None` when there is no whole. Never -0.0.
pub(super) fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| float(part.clamp(0, whole)) / float(whole))
}

/// How much a cumulative counter grew (rule 12): one that dropped has started over at 0.
pub(super) fn counter_growth(before: i64, after: i64) -> i64 {
    let growth = if after >= before {
        after.saturating_sub(before)
    } else {
        after
    };
    growth.max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn casts_saturate() {
        assert_eq!(rounded(1e308), i64::MAX);
        assert_eq!(rounded(-1e308), i64::MIN);
        assert_eq!(rounded(f64::NAN), 0);
        assert_eq!(rounded(2.5), 3);
        assert_eq!(truncated(2.9), 2);
    }

    #[test]
    fn a_ratio_stays_between_0_and_1_and_needs_a_whole() {
        assert_eq!(ratio(1, 4), Some(0.25));
        assert_eq!(ratio(5, 4), Some(1.0));
        assert_eq!(ratio(0, 0), None);
        assert!(ratio(0, 4).is_some_and(f64::is_sign_positive));
    }

    #[test]
    fn a_counter_that_dropped_has_started_over() {
        assert_eq!(counter_growth(10, 25), 15);
        assert_eq!(counter_growth(25, 3), 3);
        assert_eq!(counter_growth(i64::MIN, i64::MAX), i64::MAX);
        assert_eq!(counter_growth(5, -7), 0);
    }
}
