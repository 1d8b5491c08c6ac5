//! What our checker lets through, PostgreSQL's jsonb takes, and every number of it casts.

use bytes::Bytes;
use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use video_telemetry::storage::event::{Receipt, parse};

use crate::support::database;

/// Strings as JSON writes them, with everything that is hard about them.
fn string() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -!#-\\[\\]-~é😀\u{7f}\u{ffff}]{0,6}".prop_map(String::from),
        2 => any::<u16>().prop_map(|unit| format!("\\u{unit:04x}")),
        1 => (0xd700u16..0xe100).prop_map(|unit| format!("\\u{unit:04X}")),
        1 => (0xd800u16..0xdc00, 0xdc00u16..0xe000).prop_map(|(a, b)| format!("\\u{a:04x}\\u{b:04x}")),
        1 => (0u16..0x21).prop_map(|unit| format!("\\u{unit:04x}")),
        1 => prop::sample::select(vec!["\\\\", "\\\"", "\\/", "\\b", "\\n", "\\\\u0000"]).prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// Numbers as JSON writes them, most of them near an edge.
fn number() -> impl Strategy<Value = String> {
    let digits = prop_oneof![3 => "[1-9][0-9]{0,3}", 1 => "[1-9][0-9]{300,320}", 2 => "0"];
    let fraction = prop_oneof![3 => "", 2 => "\\.[0-9]{1,4}", 1 => "\\.0{300,340}[0-9]"];
    let near = prop::sample::select(vec![
        0i64,
        15,
        300,
        308,
        323,
        400,
        1000,
        16_383,
        131_071,
        131_072,
        2_147_483_647,
    ]);
    let exponent = (
        near,
        -3i64..4,
        any::<bool>(),
        prop::sample::select(vec!["e", "E", "e+"]),
    );
    let exponent = prop::option::of(exponent).prop_map(|exponent| match exponent {
        None => String::new(),
        Some((near, by, true, _)) => format!("e-{}", (near + by).max(0)),
        Some((near, by, false, e)) => format!("{e}{}", (near + by).max(0)),
    });
    (any::<bool>(), digits, fraction, exponent).prop_map(|(minus, digits, fraction, exponent)| {
        format!(
            "{}{digits}{fraction}{exponent}",
            if minus { "-" } else { "" }
        )
    })
}

/// JSON values with strings and numbers like these.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => string(),
        3 => number(),
        1 => prop::sample::select(vec!["null", "true", "false", "[]", "{}"]).prop_map(String::from),
    ];
    leaf.prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..3)
                .prop_map(|items| format!("[{}]", items.join(" ,"))),
            (string(), inner).prop_map(|(key, item)| format!("{{{key}: {item}}}")),
        ]
    })
}

/// Whether PostgreSQL takes a text as jsonb, and can read every number in it.
const TAKES: &str = "WITH RECURSIVE whole AS MATERIALIZED (SELECT $1::jsonb AS j), parts AS ( \
        SELECT j FROM whole UNION ALL \
        SELECT inside.j FROM parts, LATERAL ( \
            SELECT value AS j FROM jsonb_array_elements(CASE jsonb_typeof(parts.j) WHEN 'array' THEN parts.j ELSE '[]' END) \
            UNION ALL \
            SELECT value FROM jsonb_each(CASE jsonb_typeof(parts.j) WHEN 'object' THEN parts.j ELSE '{}' END)) AS inside) \
    SELECT count((j #>> '{}')::float8) AS n FROM parts WHERE jsonb_typeof(j) = 'number'";

#[test]
fn what_the_parser_lets_through_postgresql_takes_and_reads() {
    #[derive(diesel::QueryableByName)]
    struct Numbers {
        #[diesel(sql_type = BigInt)]
        #[expect(dead_code, reason = "that it can be told is what is asked")]
        n: i64,
    }
    let system = actix_web::rt::System::new();
    let database = system.block_on(database());
    let mut connection = system.block_on(database.pool.get()).unwrap();
    let connection = std::cell::RefCell::new(&mut connection);
    let let_through = std::cell::Cell::new((0, 0));
    let config = Config {
        cases: 1500,
        failure_persistence: None,
        ..Config::default()
    };
    let held = TestRunner::new(config).run(&value(), |value| {
        let event = format!(
            r#"{{"x":{value},"sessionId":"s","eventId":"e","eventType":"PLAY","timestamp":1}}"#
        );
        let raw = Bytes::from(event);
        let receipt = Receipt {
            created_at_ms: 1,
            sent_at_ms: None,
        };
        let (good, bad) = let_through.get();
        if parse(str::from_utf8(&raw).unwrap(), &raw, receipt).is_err() {
            let_through.set((good, bad + 1));
            return Ok(());
        }
        let_through.set((good + 1, bad));
        let asked = sql_query(TAKES).bind::<Text, _>(str::from_utf8(&raw).unwrap());
        let mut connection = connection.borrow_mut();
        let told = system.block_on(asked.get_result::<Numbers>(&mut **connection));
        prop_assert!(told.is_ok(), "{value}: {:?}", told.err());
        Ok(())
    });
    held.unwrap();
    let (good, bad) = let_through.get();
    assert!(good > 300 && bad > 150, "{good} let through, {bad} refused");
}
