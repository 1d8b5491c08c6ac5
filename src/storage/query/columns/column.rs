//! The values of an hour's sessions.

use std::collections::HashMap;

/// Values in the order of the hour's rows.
#[derive(Debug, PartialEq)]
pub(in super::super) enum Column {
    /// Numbers, conditions and moments; NaN is not known.
    Numbers(Box<[f64]>),
    /// Text.
    Texts(Text),
}

/// Texts, each different one once.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Text {
    words: Box<[Option<Box<str>>]>,
    /// Of each row, the place among `words`.
    codes: Box<[u32]>,
}

impl Column {
    /// The numbers; none of a column of texts.
    pub(in super::super) fn numbers(&self) -> &[f64] {
        match self {
            Self::Numbers(numbers) => numbers,
            Self::Texts(_) => &[],
        }
    }

    /// Memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Numbers(numbers) => size_of_val(&**numbers),
            Self::Texts(text) => {
                let words = text.words.iter().flatten().map(|word| word.len());
                size_of_val(&*text.codes) + size_of_val(&*text.words) + words.sum::<usize>()
            }
        }
    }
}

impl Text {
    pub(in super::super) fn words(&self) -> impl Iterator<Item = Option<&str>> {
        self.words.iter().map(Option::as_deref)
    }

    pub(in super::super) fn codes(&self) -> &[u32] {
        &self.codes
    }
}

impl FromIterator<Option<String>> for Text {
    fn from_iter<T: IntoIterator<Item = Option<String>>>(texts: T) -> Self {
        let mut known: HashMap<Option<String>, u32> = HashMap::new();
        let codes = texts.into_iter().map(|text| {
            // An hour has fewer than 2^32 sessions.
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            *known.entry(text).or_insert(next)
        });
        let codes = codes.collect();
        let mut words: Vec<_> = known.into_iter().collect();
        words.sort_unstable_by_key(|(_, code)| *code);
        let words = words
            .into_iter()
            .map(|(word, _)| word.map(String::into_boxed_str));
        Self {
            words: words.collect(),
            codes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_different_text_is_kept_once() {
        let texts = [Some("a"), None, Some("b"), Some("a"), None];
        let text: Text = texts
            .into_iter()
            .map(|text| text.map(str::to_owned))
            .collect();
        let words: Vec<_> = text.words().collect();
        assert_eq!(words, [Some("a"), None, Some("b")]);
        assert_eq!(text.codes(), [0, 1, 2, 0, 1]);
    }
}
