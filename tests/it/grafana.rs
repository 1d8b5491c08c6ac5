//! The Grafana dashboard: every query runs on the real schema, as a login that may only read
//! `qoe_v1`, with Grafana's macros and variables put in as Grafana does.

use std::collections::HashSet;

use serde_json::Value;

use crate::sql_docs::simulated;
use crate::support::Database;

const DASHBOARD: &str = include_str!("../../grafana/provisioning/dashboards/overview.json");
const DATASOURCE: &str =
    include_str!("../../grafana/provisioning/datasources/video-telemetry.yaml");
const HOUR_SEC: i64 = 3600;
const DAY_MS: i64 = 86_400_000;

fn dashboard() -> Value {
    serde_json::from_str(DASHBOARD).unwrap()
}

fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).unwrap().as_array().unwrap()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).unwrap().as_str().unwrap()
}

/// What the macros of Grafana's PostgreSQL data source become, for the time from `from_ms` to
/// `to_ms` in steps of an hour. Their arguments reach to the next parenthesis, as Grafana has it.
fn with_macros(sql: &str, from_ms: i64, to_ms: i64) -> String {
    let mut done = String::new();
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once("$__") {
        let name_ends = after.find(|c: char| !c.is_alphanumeric()).unwrap();
        let (name, after) = after.split_at(name_ends);
        let (argument, after) = match after.strip_prefix('(') {
            Some(call) => call.split_once(')').unwrap(),
            None => ("", after),
        };
        let becomes = match name {
            "from" => from_ms.to_string(),
            "to" => to_ms.to_string(),
            "timeFilter" => format!(
                "{argument} BETWEEN to_timestamp({from_ms} / 1000.0) AND to_timestamp({to_ms} / 1000.0)"
            ),
            "timeGroupAlias" => {
                let column = argument.strip_suffix(", $__interval").unwrap();
                format!("floor(extract(epoch from {column})/{HOUR_SEC})*{HOUR_SEC} AS \"time\"")
            }
            _ => panic!("what is $__{name}?"),
        };
        done.push_str(before);
        done.push_str(&becomes);
        rest = after;
    }
    done + rest
}

/// A variable's values as `${name:sqlstring}` puts them in.
fn quoted(values: &[String]) -> String {
    let quoted = values
        .iter()
        .map(|value| format!("'{}'", value.replace('\'', "''")));
    quoted.collect::<Vec<_>>().join(",")
}

/// The last week on a database with simulated sessions, for somebody who may only read.
struct Viewer {
    database: Database,
    from_ms: i64,
    to_ms: i64,
    variables: Vec<(String, String)>,
}

impl Viewer {
    async fn new() -> Self {
        let owned = simulated().await;
        owned
            .execute("CREATE ROLE grafana LOGIN IN ROLE qoe_reader")
            .await;
        let now = "SELECT (extract(epoch FROM now()) * 1000)::bigint AS ms";
        let to_ms = owned.rows(now).await[0]["ms"].as_i64().unwrap();
        let (_, host) = owned.url.split_once('@').unwrap();
        let mut viewer = Self {
            database: Database::at(&format!("postgres://grafana@{host}")),
            from_ms: to_ms - 7 * DAY_MS,
            to_ms,
            variables: Vec::new(),
        };
        // A variable's query may use those before it.
        for variable in list(&dashboard(), "/templating/list") {
            let rows = viewer.rows(text(variable, "/query")).await;
            let values = rows.iter().map(|row| {
                let value = row.as_object().unwrap().values().next().unwrap();
                value.as_str().unwrap().to_owned()
            });
            let values: Vec<String> = values.collect();
            assert!(!values.is_empty(), "{variable}");
            let name = text(variable, "/name").to_owned();
            viewer.variables.push((name, quoted(&values)));
        }
        viewer
    }

    async fn rows(&self, sql: &str) -> Vec<Value> {
        let mut sql = with_macros(sql, self.from_ms, self.to_ms);
        for (name, values) in &self.variables {
            sql = sql.replace(&format!("${{{name}:sqlstring}}"), values);
        }
        assert!(!sql.contains('$'), "something is left in {sql}");
        self.database.rows(&sql).await
    }
}

#[actix_web::test]
async fn every_panel_shows_something_to_a_login_that_can_only_read() {
    let viewer = Viewer::new().await;
    let dashboard = dashboard();
    assert_eq!(viewer.variables.len(), 3);
    for panel in list(&dashboard, "/panels") {
        let title = text(panel, "/title");
        for target in list(panel, "/targets") {
            let rows = viewer.rows(text(target, "/rawSql")).await;
            assert!(!rows.is_empty(), "{title} is empty");
            let columns = rows[0].as_object().unwrap();
            let over_time = text(target, "/format") == "time_series";
            assert_eq!(columns.contains_key("time"), over_time, "{title}");
            assert!(
                !over_time || rows.len() > 24,
                "{title}: {} rows",
                rows.len()
            );
            // What gets a unit of its own is there.
            for changed in list(panel, "/fieldConfig/overrides") {
                let column = text(changed, "/matcher/options");
                assert!(columns.contains_key(column), "{title} has no {column}");
            }
        }
    }
}

#[test]
fn every_panel_asks_the_provisioned_data_source_and_has_its_own_place() {
    assert!(DATASOURCE.contains("\n    uid: video-telemetry\n"));
    assert!(DATASOURCE.contains("\n    type: grafana-postgresql-datasource\n"));
    let dashboard = dashboard();
    let (mut ids, mut taken) = (HashSet::new(), HashSet::new());
    for panel in list(&dashboard, "/panels") {
        assert!(ids.insert(panel["id"].as_u64().unwrap()));
        let place = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        for x in place("x")..place("x") + place("w") {
            assert!(x < 24);
            for y in place("y")..place("y") + place("h") {
                assert!(taken.insert((x, y)), "{} lies on another", panel["title"]);
            }
        }
    }
    let targets = list(&dashboard, "/panels")
        .iter()
        .flat_map(|panel| list(panel, "/targets"));
    for asker in targets.chain(list(&dashboard, "/templating/list")) {
        assert_eq!(text(asker, "/datasource/uid"), "video-telemetry");
        assert_eq!(
            text(asker, "/datasource/type"),
            "grafana-postgresql-datasource"
        );
    }
}
