//! What a metric is, and the short ways to say it.

use super::Mistake;
use super::measures::MEASURES;

/// What is worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// Less of it is better.
    Lower,
    /// More of it is better.
    Higher,
    /// It is neither good nor bad.
    Neither,
}

impl Better {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lower => "lower",
            Self::Higher => "higher",
            Self::Neither => "neither",
        }
    }
}

/// How a metric is put together. The texts are SQL over the columns of one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Formula {
    /// How many sessions this holds for.
    Sessions(&'static str),
    /// How many different values this has.
    Distinct(&'static str),
    /// What each session has of it, or NULL.
    Value(&'static str),
    /// A sum divided by a sum. A single session has the quotient of its own, for percentiles.
    Ratio {
        /// What is summed up above the line.
        above: &'static str,
        /// What is summed up below it.
        below: &'static str,
    },
    /// The share of the sessions for which this holds, among those for which that holds.
    Share {
        /// What is counted.
        of: &'static str,
        /// Among which sessions.
        among: &'static str,
    },
}

/// A metric.
#[derive(Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its name; that of its column where it has one.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// What is worse.
    pub better: Better,
    /// How it is put together.
    pub formula: Formula,
    /// The aggregation if none is asked for; see `Aggregation`.
    pub default: &'static str,
    /// Over which sessions.
    pub population: &'static str,
    /// What it is.
    pub description: &'static str,
}

/// The metric of this name.
pub(super) fn find(parameter: &str, name: &str) -> Result<&'static Measure, Mistake> {
    let found = MEASURES.iter().find(|measure| measure.name == name);
    let known = MEASURES.iter().map(|measure| measure.name);
    found.ok_or_else(|| Mistake::unknown(parameter, "metric", name, known))
}

pub(super) const fn count(
    name: &'static str,
    holds: &'static str,
    description: &'static str,
) -> Measure {
    Measure {
        name,
        unit: "count",
        better: Better::Neither,
        formula: Formula::Sessions(holds),
        default: "count",
        population: "sessions",
        description,
    }
}

pub(super) const fn value(
    name: &'static str,
    unit: &'static str,
    better: Better,
    default: &'static str,
    description: &'static str,
) -> Measure {
    Measure {
        name,
        unit,
        better,
        formula: Formula::Value(name),
        default,
        population: "sessions where it is known",
        description,
    }
}

pub(super) const fn ratio(
    name: &'static str,
    unit: &'static str,
    better: Better,
    (above, below): (&'static str, &'static str),
    description: &'static str,
) -> Measure {
    Measure {
        name,
        unit,
        better,
        formula: Formula::Ratio { above, below },
        default: "ratio",
        population: "sessions with something to divide by",
        description,
    }
}

pub(super) const fn share(
    name: &'static str,
    better: Better,
    (of, among): (&'static str, &'static str),
    population: &'static str,
    description: &'static str,
) -> Measure {
    Measure {
        name,
        unit: "0-1",
        better,
        formula: Formula::Share { of, among },
        default: "rate",
        population,
        description,
    }
}
