//! The site's own dimensions (`custom` of SESSION_START) in a canonical text, so that the same
//! values give the same summary whether they come from the wire or back from jsonb.

use std::collections::BTreeMap;

use serde::de::MapAccess;
use serde_json::Value;

use super::loose::{Loose, Section};
use super::{MAX_TEXT_BYTES, bounded};

/// The wire's bound; of more, the first ones in the order of their names are kept.
const MAX_KEYS: usize = 20;

/// Every key with its scalar value; `None` for an array, an object or null.
#[derive(Debug, Default)]
pub(super) struct Custom(BTreeMap<Box<str>, Option<Value>>);

impl<'de> Section<'de> for Custom {
    fn take<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<(), A::Error> {
        let value: Loose<'de> = map.next_value()?;
        self.0.insert(key.into(), scalar(&value));
        Ok(())
    }
}

fn scalar(value: &Loose<'_>) -> Option<Value> {
    if let Some(text) = value.text() {
        return Some(Value::from(String::from(bounded(text))));
    }
    if let Some(flag) = value.flag() {
        return Some(Value::from(flag));
    }
    // jsonb gives a whole number back without an exponent, and whoever reads that takes it for an
    // integer where one can hold it.
    let float = value.float()?;
    let digits = float.to_string();
    let whole = digits.parse::<i64>().map(Value::from);
    let whole = whole.or_else(|_larger| digits.parse::<u64>().map(Value::from));
    Some(whole.unwrap_or_else(|_no_integer| Value::from(float)))
}

impl Custom {
    /// A JSON object with sorted keys; `None` when nothing is in it.
    pub(super) fn into_text(self) -> Option<Box<str>> {
        let kept: BTreeMap<_, _> = self
            .0
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .filter(|(key, _)| key.len() <= MAX_TEXT_BYTES)
            .take(MAX_KEYS)
            .collect();
        if kept.is_empty() {
            return None;
        }
        serde_json::to_string(&kept).ok().map(Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_jsonb_gives_it_back() {
        for (value, written) in [
            (Loose::Integer(12), "12"),
            (Loose::Float(12.0), "12"),
            (Loose::Float(-0.0), "0"),
            (Loose::Float(0.5), "0.5"),
            (Loose::Integer(1 << 60), "1152921504606847000"),
            (
                Loose::Float(9_223_372_036_854_775_808.0),
                "9223372036854776000",
            ),
            // Too large for any integer: jsonb writes out its zeros, and it is read as a float again.
            (Loose::Float(1e20), "1e+20"),
        ] {
            let shown = scalar(&value).map(|value| value.to_string());
            assert_eq!(shown.as_deref(), Some(written), "{value:?}");
        }
    }
}
