//! What several endpoints share, for the `OpenAPI` document: parameters and problems. Parameters are read in
//! `storage::query`; a test holds the two together.

#![expect(dead_code, reason = "only their documentation is used")]

use utoipa::{IntoParams, ToSchema};

/// What is wrong with a request, as RFC 9457 has it.
#[derive(ToSchema)]
pub(super) struct ProblemBody {
    /// Always `about:blank`: `code` tells the problem.
    r#type: String,
    /// The status in words.
    title: String,
    status: u16,
    /// What is wrong and what would be right.
    detail: String,
    /// A stable name for programs.
    code: String,
    /// The parameter that cannot be used.
    parameter: Option<String>,
}

/// Which time.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PeriodDocs {
    /// The first moment: RFC 3339 or epoch ms. Default: 24 hours before `to`.
    #[param(required = false, example = "2026-11-23T00:00:00Z")]
    from: String,
    /// The first moment that is not in it. Default: now.
    #[param(required = false)]
    to: String,
    /// Instead of `from`: how long before `to`, as 30m, 24h, 7d, 2w.
    #[param(required = false, example = "24h")]
    last: String,
    /// Which time of a session must lie in it: its start, or with `ended` its last event.
    #[param(required = false, example = "started")]
    time: String,
}

/// Which sessions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterDocs {
    /// `field:op:value`, all must hold. Ops: eq ne gt gte lt lte contains null. A comma stands for
    /// any of (`\,` is a comma). A site's own dimensions are `custom.<key>`.
    #[param(required = false, example = json!(["browser:eq:Chrome,Firefox"]))]
    filter: Vec<String>,
}

/// Which rows of the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageDocs {
    /// `next_cursor` of the page before.
    #[param(required = false)]
    cursor: String,
    /// How many rows.
    #[param(required = false, minimum = 1, maximum = 500, example = 50)]
    limit: i64,
}

/// Of lists of sessions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SessionsDocs {
    /// `finished` (default) or `live`.
    #[param(required = false, example = "finished")]
    status: String,
    /// A column, `-` before it for the largest first. What is not known comes last.
    #[param(required = false, example = "-started_at")]
    sort: String,
}

/// Of figures over many sessions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FigureDocs {
    /// `name` or `name:aggregation`, up to 10.
    #[param(example = json!(["startup_ms:p95", "rebuffer_ratio"]))]
    metric: Vec<String>,
    /// Up to two dimensions.
    #[param(required = false, example = json!(["browser"]))]
    group_by: Vec<String>,
    /// 1m 5m 10m 15m 30m 1h 3h 6h 12h 1d: tells the figures over time as well.
    #[param(required = false, example = "1h")]
    interval: String,
    /// Whose days, for `interval=1d`.
    #[param(required = false, example = "Europe/Berlin")]
    timezone: String,
    /// `previous`: beside those of the period of the same length right before.
    #[param(required = false, example = "previous")]
    compare: String,
    /// A metric as asked for, `impact:` before it for its negative impact, `-` before all for the
    /// largest first. Default: the first metric, the largest first.
    #[param(required = false, example = "-rebuffer_ratio")]
    order: String,
    /// How many groups.
    #[param(required = false, minimum = 1, maximum = 500, example = 20)]
    limit: i64,
}

/// Of what is live.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LiveDocs {
    /// One dimension: `viewer_id`, `browser`, `os`, `screen`, `player`, `player_version`, `video_id`,
    /// `video_title` or `live`.
    #[param(required = false, example = "browser")]
    group_by: String,
    /// How many groups.
    #[param(required = false, minimum = 1, maximum = 500, example = 20)]
    limit: i64,
}
