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
    let float = value.float()?;
    let whole = value.integer().filter(|_| float.fract().abs() <= 0.0);
    Some(whole.map_or_else(|| Value::from(float), Value::from))
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
