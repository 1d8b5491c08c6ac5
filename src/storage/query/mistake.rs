//! What is wrong with a question, and what would be right.

use std::fmt;

/// Names further apart than this are no slips of the same word.
const SIMILAR_ENOUGH: f64 = 0.75;
/// No more names than these are listed in an answer.
const MAX_LISTED: usize = 40;

/// A parameter that cannot be used. The text tells what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{parameter}: {detail}")]
pub struct Mistake {
    /// The parameter's name.
    pub parameter: String,
    /// What is wrong with it and what would be right.
    pub detail: String,
}

impl Mistake {
    pub(super) fn new(parameter: &str, detail: impl fmt::Display) -> Self {
        Self {
            parameter: parameter.to_owned(),
            detail: detail.to_string(),
        }
    }

    /// A name that is none of `known`. `what` tells what kind of name it should be.
    pub fn unknown<'a>(
        parameter: &str,
        what: &str,
        given: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let known: Vec<&str> = known.into_iter().collect();
        let advice = match nearest(given, &known) {
            Some(name) => format!("did you mean {name}?"),
            None if known.is_empty() => "none is known here".to_owned(),
            None if known.len() <= MAX_LISTED => format!("known are {}", known.join(", ")),
            None => "see the dictionary".to_owned(),
        };
        Self::new(parameter, format!("there is no {what} {given:?}; {advice}"))
    }
}

/// The known name that `given` was most likely meant to be. The beginning of a name is as good as a
/// slip in it: `startup` means `startup_ms`.
fn nearest<'a>(given: &str, known: &[&'a str]) -> Option<&'a str> {
    let given = given.to_lowercase();
    let likeness = |name: &str| {
        let begins = given.len() >= 3 && name.starts_with(&given);
        let slip = strsim::jaro_winkler(&given, name);
        if begins { slip.max(0.9) } else { slip }
    };
    let best = known
        .iter()
        .map(|name| (likeness(name), *name))
        .max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 >= SIMILAR_ENOUGH).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["startup_ms", "browser", "rebuffer_ratio", "os"];

    #[test]
    fn a_slip_is_answered_with_the_name_that_was_meant() {
        for (given, meant) in [
            ("startup", "startup_ms"),
            ("Browser", "browser"),
            ("browsr", "browser"),
            ("rebufer_ratio", "rebuffer_ratio"),
        ] {
            let mistake = Mistake::unknown("metric", "metric", given, KNOWN);
            let advice = format!("did you mean {meant}?");
            assert!(mistake.detail.ends_with(&advice), "{mistake}");
        }
    }

    #[test]
    fn a_name_like_none_is_answered_with_all() {
        let mistake = Mistake::unknown("metric", "metric", "weather", KNOWN);
        assert_eq!(
            mistake.to_string(),
            "metric: there is no metric \"weather\"; known are startup_ms, browser, rebuffer_ratio, os"
        );
    }
}
