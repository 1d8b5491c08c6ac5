//! The examples of the `OpenAPI` document: answers that a test has a server give to these requests, on
//! sessions that never change. Each is a file in docs/examples.

use serde_json::Value;

/// The files, by the name of the example.
const FILES: &[(&str, &str)] = &[
    (
        "dimension-values",
        include_str!("../../../docs/examples/dimension-values.json"),
    ),
    (
        "dimensions",
        include_str!("../../../docs/examples/dimensions.json"),
    ),
    ("errors", include_str!("../../../docs/examples/errors.json")),
    (
        "histogram",
        include_str!("../../../docs/examples/histogram.json"),
    ),
    (
        "histogram-mistake",
        include_str!("../../../docs/examples/histogram-mistake.json"),
    ),
    (
        "metrics-query",
        include_str!("../../../docs/examples/metrics-query.json"),
    ),
    (
        "metrics-query-mistake",
        include_str!("../../../docs/examples/metrics-query-mistake.json"),
    ),
    (
        "metrics-query-series",
        include_str!("../../../docs/examples/metrics-query-series.json"),
    ),
    (
        "session",
        include_str!("../../../docs/examples/session.json"),
    ),
    (
        "sessions",
        include_str!("../../../docs/examples/sessions.json"),
    ),
    (
        "telemetry",
        include_str!("../../../docs/examples/telemetry.json"),
    ),
    (
        "unknown-session",
        include_str!("../../../docs/examples/unknown-session.json"),
    ),
];

/// What a server answered.
pub(super) struct Example {
    pub(super) name: String,
    /// As `GET /api/v1/metrics/query?metric=sessions`.
    pub(super) request: String,
    /// In lower case.
    pub(super) method: String,
    /// As in the document, with its placeholders.
    pub(super) path: String,
    pub(super) status: String,
    pub(super) answer: Value,
}

/// Every example.
pub(super) fn all() -> impl Iterator<Item = Example> {
    FILES
        .iter()
        .filter_map(|(name, text)| Example::parse(name, text))
}

impl Example {
    fn parse(name: &str, text: &str) -> Option<Self> {
        let file: Value = serde_json::from_str(text).ok()?;
        let word = |member: &str| Some(file.get(member)?.as_str()?.to_owned());
        let request = word("request")?;
        let method = request.split(' ').next()?.to_lowercase();
        Some(Self {
            name: name.to_owned(),
            method,
            path: word("path")?,
            status: file.get("status")?.as_u64()?.to_string(),
            answer: file.get("answer")?.clone(),
            request,
        })
    }
}
