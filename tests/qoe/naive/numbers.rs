//! Arithmetic on whole milliseconds and on seconds.

#[expect(clippy::as_conversions, reason = "std has no i64 to f64 conversion")]
pub(crate) fn float(value: i64) -> f64 {
    value as f64
}

#[expect(clippy::as_conversions, reason = "std has no f64 to i64 conversion")]
pub(crate) fn whole(value: f64) -> i64 {
    value as i64
}

/// part ÷ whole, 0–1.
pub(crate) fn share(part: i64, of: i64) -> Option<f64> {
    (of > 0).then(|| (float(part) / float(of)).clamp(0.0, 1.0))
}

/// Rule 12: how much a cumulative counter grew; one that dropped counts from 0 again.
pub(crate) fn growth(before: i64, after: i64) -> i64 {
    let base = if after < before { 0 } else { before };
    after.saturating_sub(base).max(0)
}

/// A position a media element can have, s. Choice: 0 to 10^10.
pub(crate) fn place(sec: Option<f64>) -> Option<f64> {
    sec.filter(|sec| *sec >= 0.0 && *sec <= 1e10).map(f64::abs)
}
