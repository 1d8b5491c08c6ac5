//! Optional numbers at the size of the number: a live session is held in memory, and there may be a
//! million of them. What is kept here is never negative (ms, counts) or never NaN (positions).

/// An optional integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known(i64);

impl Known {
    const NOTHING: i64 = i64::MIN;

    pub(super) fn get(self) -> Option<i64> {
        (self.0 != Self::NOTHING).then_some(self.0)
    }

    /// Keeps the smaller one.
    pub(super) fn min(&mut self, value: i64) {
        *self = self.get().map_or(value, |known| known.min(value)).into();
    }

    /// Keeps the larger one.
    pub(super) fn max(&mut self, value: i64) {
        *self = self.get().map_or(value, |known| known.max(value)).into();
    }

    /// Takes the value out.
    pub(super) fn take(&mut self) -> Option<i64> {
        std::mem::take(self).get()
    }
}

impl Default for Known {
    fn default() -> Self {
        Self(Self::NOTHING)
    }
}

impl From<i64> for Known {
    fn from(value: i64) -> Self {
        Self(value)
    }
}

impl From<Option<i64>> for Known {
    fn from(value: Option<i64>) -> Self {
        Self(value.unwrap_or(Self::NOTHING))
    }
}

/// An optional position, s.
#[derive(Debug, Clone, Copy)]
pub(super) struct KnownSec(f64);

impl KnownSec {
    pub(super) fn get(self) -> Option<f64> {
        (!self.0.is_nan()).then_some(self.0)
    }

    /// Takes the value out.
    pub(super) fn take(&mut self) -> Option<f64> {
        std::mem::take(self).get()
    }
}

impl Default for KnownSec {
    fn default() -> Self {
        Self(f64::NAN)
    }
}

impl From<Option<f64>> for KnownSec {
    fn from(value: Option<f64>) -> Self {
        Self(value.unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_known_until_it_is() {
        assert_eq!(Known::default().get(), None);
        assert_eq!(KnownSec::default().get(), None);
        assert_eq!(Known::from(Some(0)).take(), Some(0));
        assert_eq!(KnownSec::from(Some(0.0)).get(), Some(0.0));
    }

    #[test]
    fn the_smaller_and_the_larger_are_kept() {
        let mut least = Known::default();
        least.min(5);
        least.min(7);
        assert_eq!(least.get(), Some(5));
        least.max(9);
        assert_eq!(least.get(), Some(9));
    }
}
