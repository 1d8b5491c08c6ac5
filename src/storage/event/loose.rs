//! Values as clients really send them: a wrongly typed optional field is `None`, never an error.
//!
//! The same text must mean the same value at ingest and when the row is read back, where jsonb has
//! rewritten it: numbers keep their decimal value but not their spelling (`1e2` comes back as `100`),
//! and of duplicate keys the last one has won. Hence correctly rounded floats, integers only where
//! f64 holds them exactly, and `Tolerant`, which lets the last key win.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Beyond it, f64 cannot tell neighbouring integers apart.
const EXACT_INTEGER_LIMIT: i64 = 1 << 53;

/// Any JSON value, with what is inside arrays and objects skipped.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Loose<'a> {
    #[default]
    Null,
    Flag(bool),
    Integer(i64),
    Float(f64),
    Text(Cow<'a, str>),
    Compound,
}

impl<'a> Loose<'a> {
    /// A whole number: floats are rounded half away from zero.
    pub(super) fn integer(&self) -> Option<i64> {
        match *self {
            Loose::Integer(value) => Some(value),
            Loose::Float(value) => round(value),
            _ => None,
        }
        .filter(|value| (-EXACT_INTEGER_LIMIT + 1..EXACT_INTEGER_LIMIT).contains(value))
    }

    /// A whole number that fits an INTEGER column.
    pub(super) fn int32(&self) -> Option<i32> {
        self.integer().and_then(|value| i32::try_from(value).ok())
    }

    pub(super) fn float(&self) -> Option<f64> {
        match *self {
            Loose::Integer(value) => Some(integer_as_f64(value)),
            // Adding zero turns -0.0 into 0.0, as jsonb does.
            Loose::Float(value) => Some(value + 0.0).filter(|value| value.is_finite()),
            _ => None,
        }
    }

    pub(super) fn flag(&self) -> Option<bool> {
        match *self {
            Loose::Flag(value) => Some(value),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Loose::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self, Loose::Null)
    }
}

#[expect(
    clippy::as_conversions,
    reason = "the range is checked and the value is whole"
)]
fn round(value: f64) -> Option<i64> {
    let rounded = value.round();
    (rounded.abs() < integer_as_f64(EXACT_INTEGER_LIMIT)).then_some(rounded as i64)
}

#[expect(
    clippy::as_conversions,
    reason = "rounding to the nearest f64 is what JSON numbers mean"
)]
fn integer_as_f64(value: i64) -> f64 {
    value as f64
}

#[expect(
    clippy::as_conversions,
    reason = "rounding to the nearest f64 is what JSON numbers mean"
)]
fn unsigned_as_f64(value: u64) -> f64 {
    value as f64
}

impl<'de> Deserialize<'de> for Loose<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LooseVisitor;
        impl<'de> Visitor<'de> for LooseVisitor {
            type Value = Loose<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Loose::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Loose::Flag(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Loose::Integer(value))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(match i64::try_from(value) {
                    Ok(value) => Loose::Integer(value),
                    Err(_) => Loose::Float(unsigned_as_f64(value)),
                })
            }
            fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Loose::Float(value))
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Loose::Text(Cow::Borrowed(value)))
            }
            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Loose::Text(Cow::Owned(value.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Loose::Compound)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Loose::Compound)
            }
        }
        deserializer.deserialize_any(LooseVisitor)
    }
}

/// A JSON object of which we know some keys.
pub(super) trait Section<'de>: Default {
    /// Takes the value of `key` from `map`; must take exactly one, known key or not.
    fn take<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error>;
}

/// Reads a section; anything but an object is an empty one.
#[derive(Debug, Default)]
pub(super) struct Tolerant<S>(pub(super) S);

impl<'de, S: Section<'de>> Deserialize<'de> for Tolerant<S> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SectionVisitor<S>(S);
        impl<'de, S: Section<'de>> Visitor<'de> for SectionVisitor<S> {
            type Value = S;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any JSON value")
            }
            fn visit_unit<E>(self) -> Result<S, E> {
                Ok(self.0)
            }
            fn visit_bool<E>(self, _: bool) -> Result<S, E> {
                Ok(self.0)
            }
            fn visit_i64<E>(self, _: i64) -> Result<S, E> {
                Ok(self.0)
            }
            fn visit_u64<E>(self, _: u64) -> Result<S, E> {
                Ok(self.0)
            }
            fn visit_f64<E>(self, _: f64) -> Result<S, E> {
                Ok(self.0)
            }
            fn visit_str<E>(self, _: &str) -> Result<S, E> {
                Ok(self.0)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<S, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(self.0)
            }
            fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<S, A::Error> {
                while let Some(Loose::Text(key)) = map.next_key()? {
                    self.0.take(&key, &mut map)?;
                }
                Ok(self.0)
            }
        }
        deserializer
            .deserialize_any(SectionVisitor(S::default()))
            .map(Tolerant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loose(json: &str) -> Loose<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn whole_numbers_are_read_whatever_their_spelling() {
        for (json, expected) in [
            ("12", Some(12)),
            ("12.0", Some(12)),
            ("1.2e1", Some(12)),
            ("12.5", Some(13)),
            ("-0.4", Some(0)),
            ("9007199254740991", Some(9007199254740991)),
            ("9007199254740993", None),
            ("9007199254740993e0", None),
            ("18446744073709551615", None),
            ("\"12\"", None),
            ("null", None),
            ("[1]", None),
        ] {
            assert_eq!(loose(json).integer(), expected, "{json}");
        }
    }

    #[test]
    fn negative_zero_is_zero() {
        assert!(loose("-0.0").float().unwrap().is_sign_positive());
        assert!(loose("-0").float().unwrap().is_sign_positive());
    }
}
