//! Puts the smallest groups together: into groups, their series and the total, and tells them.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap};

use chrono::DateTime;
use serde_json::Value;

use super::figures::FiguresQuery;
use super::figures_answer::{
    Amount, ComparedWith, Figure, FiguresAnswer, GroupFigures, MetricInfo, PreviousFigure, Stretch,
};
use super::measure::Better;
use super::metric::{Metric, Plan, Wanted};
use super::parts::{Parts, Told};
use super::{Kind, Place};

/// Values of up to two dimensions.
type GroupKey = (Option<String>, Option<String>);

/// What is known of a group: now, before, and by stretch.
#[derive(Debug, Default)]
struct Group {
    now: Parts,
    before: Parts,
    stretches: HashMap<i64, Parts>,
}

/// All groups, while they are put together.
pub(super) struct Board {
    wanted: Wanted,
    plans: Vec<Plan>,
    groups: HashMap<GroupKey, Group>,
    total: Group,
}

impl Board {
    pub(super) fn new(wanted: Wanted, plans: Vec<Plan>) -> Self {
        Self {
            wanted,
            plans,
            groups: HashMap::new(),
            total: Group::default(),
        }
    }

    /// Adds a smallest group.
    pub(super) fn add(&mut self, key: GroupKey, before: bool, begins: Option<i64>, parts: &Parts) {
        for group in [self.groups.entry(key).or_default(), &mut self.total] {
            if before {
                group.before.merge(parts, &self.wanted);
                continue;
            }
            group.now.merge(parts, &self.wanted);
            if let Some(begins) = begins {
                let stretch = group.stretches.entry(begins).or_default();
                stretch.merge(parts, &self.wanted);
            }
        }
    }

    /// Tells everything.
    pub(super) fn answer(mut self, query: &FiguresQuery, beginnings: &[i64]) -> FiguresAnswer {
        let teller = Teller {
            query,
            beginnings,
            plans: &self.plans,
        };
        let total_told = teller.told(&mut self.total.now);
        let total = teller.tell(&(None, None), self.total, None);
        let mut groups: Vec<_> = self
            .groups
            .into_iter()
            .map(|(key, mut group)| (teller.rank(&mut group, &total_told), key, group))
            .collect();
        groups.sort_by(|one, other| {
            let order = compare_ranks(one.0, other.0, query.order.descending);
            order.then_with(|| one.1.cmp(&other.1))
        });
        let count = groups.len();
        groups.truncate(usize::try_from(query.limit).unwrap_or(usize::MAX));
        let shown = groups.into_iter();
        let data: Vec<_> = shown
            .map(|(_, key, group)| teller.tell(&key, group, Some(&total_told)))
            .collect();
        let previous = query.period.previous();
        let compared_with = ComparedWith {
            from: previous.from,
            to: previous.to,
        };
        FiguresAnswer {
            from: query.period.from,
            to: query.period.to,
            compared_with: query.compare.then_some(compared_with),
            interval: query.interval.as_ref().map(|it| it.name.clone()),
            timezone: query
                .interval
                .as_ref()
                .map_or("UTC".to_owned(), |it| it.timezone.clone()),
            group_by: query.group_by.iter().map(Place::name).collect(),
            metrics: query.metrics.iter().map(MetricInfo::new).collect(),
            total,
            has_more: data.len() < count,
            data,
            groups: count,
            next_cursor: None,
        }
    }
}

impl MetricInfo {
    fn new(metric: &Metric) -> Self {
        Self {
            key: metric.key.clone(),
            metric: metric.measure.name,
            aggregation: metric.aggregation,
            unit: metric.unit(),
        }
    }
}

/// What is not known comes last, whatever the direction.
fn compare_ranks(one: Option<f64>, other: Option<f64>, descending: bool) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if descending => other.total_cmp(&one),
        (Some(one), Some(other)) => one.total_cmp(&other),
        (one, other) => other.is_some().cmp(&one.is_some()),
    }
}

/// Tells parts as figures.
struct Teller<'a> {
    query: &'a FiguresQuery,
    beginnings: &'a [i64],
    plans: &'a [Plan],
}

impl Teller<'_> {
    fn told(&self, parts: &mut Parts) -> Vec<Told> {
        self.plans.iter().map(|plan| parts.tell(*plan)).collect()
    }

    fn rank(&self, group: &mut Group, total: &[Told]) -> Option<f64> {
        let order = self.query.order;
        let told = group.now.tell(*self.plans.get(order.metric)?);
        if !order.by_impact {
            return told.value;
        }
        impact(
            self.query.metrics.get(order.metric)?,
            told,
            total.get(order.metric)?,
        )
    }

    fn tell(&self, key: &GroupKey, mut group: Group, total: Option<&[Told]>) -> GroupFigures {
        let now = self.told(&mut group.now);
        let before = self.query.compare.then(|| self.told(&mut group.before));
        let series = self.query.interval.is_some().then(|| {
            let stretch = |begins: &i64| Stretch {
                time: DateTime::from_timestamp(*begins, 0).unwrap_or_default(),
                values: self.name(group.stretches.remove(begins).unwrap_or_default()),
            };
            self.beginnings.iter().map(stretch).collect()
        });
        let metrics = self.query.metrics.iter().zip(now).enumerate();
        let values = metrics.map(|(at, (metric, told))| {
            let mut figure = Figure::new(told);
            if let Some(before) = before.as_ref().and_then(|before| before.get(at)) {
                figure = figure.compared(*before);
            }
            let total = total.filter(|_| !self.query.group_by.is_empty());
            let impact = total.and_then(|total| impact(metric, told, total.get(at)?));
            figure.negative_impact = impact.map(Amount);
            (metric.key.clone(), figure)
        });
        GroupFigures {
            values: values.collect(),
            group: self.group(key),
            series,
        }
    }

    fn name(&self, mut parts: Parts) -> BTreeMap<String, Figure> {
        let told = self.told(&mut parts).into_iter().map(Figure::new);
        let keys = self.query.metrics.iter().map(|metric| metric.key.clone());
        keys.zip(told).collect()
    }

    fn group(&self, (one, two): &GroupKey) -> BTreeMap<String, Value> {
        let places = self.query.group_by.iter().zip([one, two]);
        let value = |place: &Place, text: &Option<String>| match text {
            Some(text) if place.kind() == Kind::Boolean => Value::from(text == "true"),
            text => Value::from(text.clone()),
        };
        places
            .map(|(place, text)| (place.name(), value(place, text)))
            .collect()
    }
}

impl Figure {
    fn new(told: Told) -> Self {
        Self {
            value: told.value.map(Amount),
            n: told.n,
            previous: None,
            delta: None,
            negative_impact: None,
        }
    }

    fn compared(self, before: Told) -> Self {
        let change = self.value.zip(before.value);
        Self {
            previous: Some(PreviousFigure {
                value: before.value.map(Amount),
                n: before.n,
            }),
            delta: Some(change.map(|(now, before)| Amount(now.0 - before))),
            ..self
        }
    }
}

/// How much worse than the total, times the group's share of it.
fn impact(metric: &Metric, group: Told, total: &Told) -> Option<f64> {
    let sign = match metric.measure.better {
        Better::Lower => 1.0,
        Better::Higher => -1.0,
        Better::Neither => return None,
    };
    if !metric.is_comparable() || total.weight <= 0.0 {
        return None;
    }
    Some(sign * (group.value? - total.value?) * group.weight / total.weight)
}
