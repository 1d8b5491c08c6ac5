//! Axes, worked out by hand.

use super::*;
use crate::storage::query::{PERIOD_PARAMS, Params};

/// The first edges, the last, and the number of buckets.
fn check(metric: &str, asked: &[(&str, &str)], values: &[f64], expected: (&[f64], f64, usize)) {
    let edges = edges_of(metric, asked, values);
    let (first, last, buckets) = expected;
    let told = (
        edges.get(..first.len()),
        edges.last().copied(),
        edges.len() - 1,
    );
    assert_eq!(
        told,
        (Some(first), Some(last), buckets),
        "{asked:?}: {edges:?}"
    );
}

fn edges_of(metric: &str, asked: &[(&str, &str)], values: &[f64]) -> Vec<f64> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let known = crate::storage::query::HISTOGRAM_PARAMS;
    let params = Params::new(asked.iter().map(owned).collect(), &[known, PERIOD_PARAMS]);
    let now = "2026-11-24T00:00:00Z".parse().unwrap();
    let query = HistogramQuery::parse("default", metric, &params.unwrap(), now).unwrap();
    edges(&query, values)
}

/// As many values as there are numbers up to this.
fn up_to(last: i64) -> Vec<f64> {
    (0..=last).map(float).collect()
}

#[test]
fn widths_are_round_and_the_highest_value_is_inside() {
    check("startup_ms", &[], &up_to(4000), (&[0.0, 200.0], 4200.0, 21));
    check("startup_ms", &[], &up_to(3999), (&[0.0, 100.0], 4000.0, 40));
    check(
        "startup_ms",
        &[("buckets", "10")],
        &up_to(90),
        (&[0.0, 10.0], 100.0, 10),
    );
    // Whole numbers have no buckets between them.
    check("rebuffer_count", &[], &up_to(7), (&[0.0, 1.0], 8.0, 8));
    check(
        "rebuffer_ratio",
        &[],
        &[0.0, 0.1, 0.3],
        (&[0.0, 0.01], 0.31, 31),
    );
    check(
        "avg_fps",
        &[],
        &[59.94, 59.97],
        (&[59.94, 59.941], 59.971, 31),
    );
}

#[test]
fn a_single_value_has_one_bucket_of_its_own_size() {
    check("rebuffer_count", &[], &[0.0, 0.0], (&[0.0], 1.0, 1));
    check("rebuffer_ratio", &[], &[0.0], (&[0.0], 1.0, 1));
    check("avg_fps", &[], &[59.94], (&[50.0], 60.0, 1));
    check("startup_ms", &[], &[812.0], (&[812.0], 813.0, 1));
    assert_eq!(edges_of("startup_ms", &[], &[]), [0.0; 0]);
    assert_eq!(edges_of("startup_ms", &[("min", "5")], &[]), [0.0; 0]);
}

#[test]
fn what_is_far_from_all_others_does_not_make_the_axis() {
    let mut values = up_to(999);
    values.push(86_400_000.0);
    // The 99th percentile is 990.
    check("paused_ms", &[], &values, (&[0.0, 25.0], 1000.0, 40));
    values.insert(0, -1e300);
    values.push(1e300);
    check("avg_rtt_ms", &[], &values, (&[0.0, 25.0], 1000.0, 40));
    // No further out than the rest is wide: it is shown.
    let mut values = up_to(1000);
    values.push(1900.0);
    check("paused_ms", &[], &values, (&[0.0, 50.0], 1950.0, 39));
}

#[test]
fn bounds_that_are_asked_for_hold() {
    let all = up_to(4000);
    let both = [("min", "0"), ("max", "10000")];
    check("startup_ms", &both, &all, (&[0.0, 250.0], 10_000.0, 40));
    check("startup_ms", &both, &[], (&[0.0, 250.0], 10_000.0, 40));
    let both = [("min", "0"), ("max", "1"), ("buckets", "20")];
    check(
        "rebuffer_ratio",
        &both,
        &[],
        (&[0.0, 0.05, 0.1, 0.15], 1.0, 20),
    );
    // Widths stay round, so the last bucket may reach beyond.
    let both = [("min", "7"), ("max", "95"), ("buckets", "5")];
    check("startup_ms", &both, &[], (&[7.0, 27.0], 107.0, 5));
    check(
        "startup_ms",
        &[("min", "9000")],
        &all,
        (&[9000.0], 9001.0, 1),
    );
    check(
        "startup_ms",
        &[("max", "1000")],
        &all,
        (&[0.0, 25.0], 1000.0, 40),
    );
    check(
        "startup_ms",
        &[("max", "100")],
        &[500.0],
        (&[0.0, 5.0], 100.0, 20),
    );
    check(
        "avg_fps",
        &[("min", "5"), ("max", "5.000000001")],
        &[],
        (&[5.0], 5.000_000_01, 1),
    );
}

#[test]
fn a_logarithmic_axis_has_round_edges_too() {
    let log = ("scale", "log");
    let values = [0.0, 90.0, 450.0, 11_000.0];
    check(
        "avg_rtt_ms",
        &[log],
        &values,
        (&[80.0, 100.0, 125.0], 12_500.0, 22),
    );
    let ten = ("buckets", "10");
    check(
        "avg_rtt_ms",
        &[log, ten],
        &values,
        (&[50.0, 100.0, 200.0, 500.0], 20_000.0, 8),
    );
    let five = ("buckets", "5");
    check(
        "avg_rtt_ms",
        &[log, five],
        &values,
        (&[10.0, 100.0, 1000.0], 100_000.0, 4),
    );
    check(
        "avg_rtt_ms",
        &[log, five],
        &[1e-9, 1e9],
        (&[1e-10, 1e-6, 1e-2], 1e10, 5),
    );
    check(
        "rebuffer_count",
        &[log],
        &[1.0, 5.0],
        (&[1.0, 2.0, 3.0], 6.0, 5),
    );
    let both = [log, ("min", "30"), ("max", "3000"), ten];
    check("avg_rtt_ms", &both, &[], (&[30.0, 50.0, 100.0], 3000.0, 7));
    assert_eq!(edges_of("avg_rtt_ms", &[log], &[0.0]), [0.0; 0]);
}
