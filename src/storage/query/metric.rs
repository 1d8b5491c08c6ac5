//! One metric as it is asked for, `startup_ms:p95`, and what must be known of sessions to tell it.
//!
//! A pass over the sessions brings the parts of the smallest groups there are: numbers that can be
//! added up, and the single values where a percentile is wanted. Larger groups are put together from
//! them, so one pass serves groups, their series, and the total, and all of them are exact.

use super::Mistake;
use super::columns::Cell;
use super::measure::{self, Formula, Measure};
use super::summand::{Merging, Summand, Summing};

/// How the sessions' values become one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Aggregation {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    Ratio,
    Rate,
    /// As a fraction: p95 is 0.95. Between two values it lies as far as between their ranks.
    Percentile(f64),
}

const AGGREGATIONS: [(&str, Aggregation); 13] = [
    ("count", Aggregation::Count),
    ("sum", Aggregation::Sum),
    ("avg", Aggregation::Avg),
    ("min", Aggregation::Min),
    ("max", Aggregation::Max),
    ("ratio", Aggregation::Ratio),
    ("rate", Aggregation::Rate),
    ("p10", Aggregation::Percentile(0.1)),
    ("p50", Aggregation::Percentile(0.5)),
    ("p75", Aggregation::Percentile(0.75)),
    ("p90", Aggregation::Percentile(0.9)),
    ("p95", Aggregation::Percentile(0.95)),
    ("p99", Aggregation::Percentile(0.99)),
];

/// A metric and its aggregation.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// As it was asked for.
    pub key: String,
    /// The metric.
    pub measure: &'static Measure,
    /// The aggregation's name.
    pub aggregation: &'static str,
    pub(super) by: Aggregation,
}

impl Measure {
    /// The aggregations it can be asked for.
    pub fn aggregations(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        let allowed = AGGREGATIONS.iter().filter(|(_, by)| self.allows(*by));
        allowed.map(|(name, _)| *name)
    }

    fn allows(&self, by: Aggregation) -> bool {
        use Aggregation::{Avg, Count, Max, Min, Percentile, Rate, Ratio, Sum};
        match self.formula {
            Formula::Sessions(_) | Formula::Distinct(_) => by == Count,
            Formula::Value(_) => matches!(by, Sum | Avg | Min | Max | Percentile(_)),
            // There is no mean of ratios.
            Formula::Ratio { .. } => matches!(by, Ratio | Min | Max | Percentile(_)),
            Formula::Share { .. } => matches!(by, Rate | Count),
        }
    }
}

impl Metric {
    /// `name` or `name:aggregation`.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        let (name, asked) = match text.split_once(':') {
            Some((name, aggregation)) => (name, Some(aggregation)),
            None => (text, None),
        };
        let measure = measure::find("metric", name)?;
        let wanted = asked.unwrap_or(measure.default);
        let allowed = |(known, by): &&(&str, Aggregation)| *known == wanted && measure.allows(*by);
        let Some((aggregation, by)) = AGGREGATIONS.iter().find(allowed) else {
            let what = format!("aggregation of {name}");
            let known = measure.aggregations();
            return Err(Mistake::unknown("metric", &what, wanted, known));
        };
        Ok(Self {
            key: text.to_owned(),
            measure,
            aggregation,
            by: *by,
        })
    }

    /// Its unit: a count of shares is one of sessions.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        match self.by {
            Aggregation::Count => "count",
            _ => self.measure.unit,
        }
    }

    /// Whether groups can be compared by it whatever their size.
    pub(super) fn is_comparable(&self) -> bool {
        use Aggregation::{Avg, Percentile, Rate, Ratio};
        matches!(self.by, Avg | Ratio | Rate | Percentile(_))
    }

    /// What a single session has of it, as SQL.
    pub(super) fn each(&self) -> String {
        match self.measure.formula {
            Formula::Value(value) => format!("{value}::float8"),
            Formula::Ratio { above, below } => format!("(({above})::float8 / nullif({below}, 0))"),
            // Two viewers in 2^53 are taken for one.
            Formula::Distinct(value) => format!("(hashtextextended({value}, 0) >> 11)::float8"),
            Formula::Sessions(holds) | Formula::Share { of: holds, .. } => {
                format!("({holds})::int::float8")
            }
        }
    }

    /// Asks for its parts.
    pub(super) fn plan(&self, wanted: &mut Wanted) -> Plan {
        use Merging::{Add, Least, Most};
        let flag = |holds: &str| Cell::Flag(holds.to_owned());
        let number = |sql: &str| Cell::Number(sql.to_owned());
        let mut add = |summing, cells: &[Cell]| wanted.sum(Summand::new(Add, summing, cells));
        match (self.measure.formula, self.by) {
            (Formula::Sessions(holds), _) => {
                let n = add(Summing::Holds, &[flag(holds)]);
                Plan::Count { count: n, n }
            }
            (Formula::Distinct(_), _) => Plan::Distinct(wanted.list(number(&self.each()))),
            (Formula::Share { of, among }, by) => {
                let above = add(Summing::Holds, &[flag(of), flag(among)]);
                let below = add(Summing::Holds, &[flag(among)]);
                match by {
                    Aggregation::Count => Plan::Count {
                        count: above,
                        n: below,
                    },
                    _ => Plan::Quotient {
                        above,
                        below,
                        n: below,
                    },
                }
            }
            (Formula::Ratio { above, below }, Aggregation::Ratio) => {
                let cells = [number(above), number(below)];
                Plan::Quotient {
                    above: add(Summing::Above, &cells),
                    below: add(Summing::Below, &cells),
                    n: add(Summing::Divisible, &cells),
                }
            }
            (_, Aggregation::Percentile(fraction)) => Plan::Percentile {
                list: wanted.list(number(&self.each())),
                fraction,
            },
            (_, by) => {
                let each = [number(&self.each())];
                let n = add(Summing::Known, &each);
                let mut value = |merging| wanted.sum(Summand::new(merging, Summing::Value, &each));
                match by {
                    Aggregation::Min => Plan::Sum {
                        sum: value(Least),
                        n,
                    },
                    Aggregation::Max => Plan::Sum {
                        sum: value(Most),
                        n,
                    },
                    Aggregation::Avg => Plan::Quotient {
                        above: value(Add),
                        below: n,
                        n,
                    },
                    _ => Plan::Sum { sum: value(Add), n },
                }
            }
        }
    }
}

/// What must be known of each group; each thing once.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) sums: Vec<Summand>,
    pub(super) lists: Vec<Cell>,
}

impl Wanted {
    fn sum(&mut self, sum: Summand) -> usize {
        let known = self.sums.iter().position(|known| *known == sum);
        known.unwrap_or_else(|| {
            self.sums.push(sum);
            self.sums.len() - 1
        })
    }

    fn list(&mut self, of: Cell) -> usize {
        let known = self.lists.iter().position(|known| *known == of);
        known.unwrap_or_else(|| {
            self.lists.push(of);
            self.lists.len() - 1
        })
    }
}

/// How a metric is told from its parts: their places among what was wanted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Plan {
    /// Of nothing it is 0.
    Count {
        count: usize,
        n: usize,
    },
    /// Of nothing it is not known.
    Sum {
        sum: usize,
        n: usize,
    },
    Quotient {
        above: usize,
        below: usize,
        n: usize,
    },
    Percentile {
        list: usize,
        fraction: f64,
    },
    Distinct(usize),
}
