//! A question as it is asked: names and values as text, from a URL or a command line.

use std::ops::RangeInclusive;
use std::str::FromStr;

use super::{MAX_LIMIT, Mistake};

/// More parameters than this are no question.
const MAX_PARAMS: usize = 100;
/// A value is at most this long.
const MAX_VALUE_BYTES: usize = 2000;

/// Parameters whose names are all known.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Takes the parameters if all of them are among `known`.
    pub fn new(pairs: Vec<(String, String)>, known: &[&[&str]]) -> Result<Self, Mistake> {
        if pairs.len() > MAX_PARAMS {
            let detail = format!("at most {MAX_PARAMS} parameters are allowed");
            return Err(Mistake::new("parameters", detail));
        }
        for (name, value) in &pairs {
            let mut names = known.iter().copied().flatten().copied();
            if !names.any(|known| known == name) {
                let names = known.iter().copied().flatten().copied();
                return Err(Mistake::unknown(name, "parameter", name, names));
            }
            if value.contains('\0') {
                return Err(Mistake::new(name, "it must not contain NUL"));
            }
            if value.len() > MAX_VALUE_BYTES {
                let detail = format!("it must have at most {MAX_VALUE_BYTES} bytes");
                return Err(Mistake::new(name, detail));
            }
        }
        Ok(Self(pairs))
    }

    /// Every value of a parameter that may be given more than once.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = move |(given, _): &&(String, String)| given == name;
        self.0.iter().filter(same).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that may be given once. An empty one is none.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Mistake> {
        let mut values = self.0.iter().filter(|(given, _)| given == name);
        let first = values.next().map(|(_, value)| value.as_str());
        if values.next().is_some() {
            return Err(Mistake::new(name, "it may be given once only"));
        }
        Ok(first.filter(|value| !value.is_empty()))
    }

    /// A parameter that is one of a few words; the first is the default.
    pub fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> Result<T, Mistake> {
        let given = self.one(name)?;
        let words = choices.iter().map(|(word, _)| *word);
        let found = match given {
            None => choices.first(),
            Some(given) => choices.iter().find(|(word, _)| *word == given),
        };
        let unknown = || Mistake::unknown(name, name, given.unwrap_or_default(), words);
        found.map(|(_, choice)| *choice).ok_or_else(unknown)
    }

    /// A whole number of this range.
    pub fn number<T>(&self, name: &str, range: &RangeInclusive<T>) -> Result<Option<T>, Mistake>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let Some(given) = self.one(name)? else {
            return Ok(None);
        };
        let number = given.parse().ok();
        let number = number.filter(|it| range.contains(it));
        let wrong = || {
            Mistake::new(
                name,
                format!(
                    "it must be a number from {} to {}, not {given:?}",
                    range.start(),
                    range.end()
                ),
            )
        };
        Ok(Some(number.ok_or_else(wrong)?))
    }

    /// `limit`: rows of a page.
    pub fn limit(&self, default: i64) -> Result<i64, Mistake> {
        Ok(self.number("limit", &(1..=MAX_LIMIT))?.unwrap_or(default))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&str, &str)]) -> Result<Params, Mistake> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Params::new(pairs.iter().map(owned).collect(), &[&["limit", "sort"]])
    }

    #[test]
    fn unknown_names_and_nul_are_refused_by_name() {
        let slip = params(&[("limitt", "5")]).unwrap_err();
        assert_eq!(slip.parameter, "limitt");
        assert!(slip.detail.contains("did you mean limit?"), "{slip}");
        assert_eq!(params(&[("sort", "a\0")]).unwrap_err().parameter, "sort");
    }

    #[test]
    fn a_limit_is_a_number_within_its_bounds() {
        for (given, limit) in [("1", 1), ("500", 500), ("", 50)] {
            assert_eq!(params(&[("limit", given)]).unwrap().limit(50), Ok(limit));
        }
        for wrong in ["0", "501", "-1", "five", "1.5", "99999999999999999999"] {
            let mistake = params(&[("limit", wrong)]).unwrap().limit(50).unwrap_err();
            assert!(mistake.detail.contains("1 to 500"), "{mistake}");
        }
        let twice = params(&[("limit", "1"), ("limit", "2")]).unwrap();
        assert!(twice.limit(50).is_err());
    }
}
