//! What several endpoints share, for the `OpenAPI` document: parameters and problems. Parameters are read in
//! `storage::query`; a test holds the two together.

#![expect(dead_code, reason = "only their documentation is used")]

use utoipa::{IntoParams, ToSchema};

use super::super::wire::RejectedReply;
use super::values;

/// What is wrong with a request, as RFC 9457 has it.
#[derive(ToSchema)]
pub(in super::super) struct ProblemBody {
    /// Always `about:blank`: `code` tells the problem.
    r#type: String,
    /// The status in words.
    title: String,
    status: u16,
    /// What is wrong and what would be right.
    detail: String,
    /// A stable name for programs.
    #[schema(value_type = values::ProblemCode, inline)]
    code: String,
    /// The parameter that cannot be used: with `invalid_parameter`.
    parameter: Option<String>,
    /// The member of the body that cannot be used: with `events_not_an_array`.
    field: Option<String>,
    /// False: with `all_rejected`.
    ok: Option<bool>,
    /// Why each event was refused: with `all_rejected`.
    rejected: Option<Vec<RejectedReply>>,
}

/// Which time.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PeriodDocs {
    /// The first moment: RFC 3339 or epoch ms. Default: 24 hours before `to`.
    #[param(required = false, value_type = values::Moment, inline)]
    from: String,
    /// The first moment that is not in it. Default: now.
    #[param(required = false, value_type = values::Moment, inline)]
    to: String,
    /// Instead of `from`: how long before `to`, as 30m, 24h, 7d, 2w, up to 3660 days.
    #[param(required = false, value_type = values::Length, inline)]
    last: String,
    /// Which time of a session must lie in it: its start, or with `ended` its last event.
    #[param(required = false, value_type = values::ClockWord, inline)]
    time: String,
}

/// Which sessions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FilterDocs {
    /// `field:op:value`, all must hold. Ops: eq ne gt gte lt lte contains null. A comma stands for
    /// any of (`\,` is a comma). A site's own dimensions are `custom.<key>`.
    #[param(required = false, value_type = values::Filters, inline)]
    filter: Vec<String>,
}

/// Which rows of the list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PageDocs {
    /// `next_cursor` of the page before.
    #[param(required = false, value_type = values::CursorText, inline)]
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
    #[param(required = false, value_type = values::StatusWord, inline)]
    status: String,
    /// A column, `-` before it for the largest first. What is not known comes last.
    #[param(required = false, value_type = values::SortField, inline)]
    sort: String,
}

/// Of figures over many sessions.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct FigureDocs {
    /// `name` or `name:aggregation`, up to 10.
    #[param(required = true, value_type = values::Metrics, inline)]
    metric: Vec<String>,
    /// Up to two dimensions.
    #[param(required = false, value_type = values::Dimensions, inline)]
    group_by: Vec<String>,
    /// 1m 5m 10m 15m 30m 1h 3h 6h 12h 1d: tells the figures over time as well.
    #[param(required = false, value_type = values::IntervalWord, inline)]
    interval: String,
    /// Whose days, for `interval=1d`.
    #[param(required = false, value_type = values::Timezone, inline)]
    timezone: String,
    /// `previous`: beside those of the period of the same length right before.
    #[param(required = false, value_type = values::Compare, inline)]
    compare: String,
    /// A metric as asked for, `impact:` before it for its negative impact, `-` before all for the
    /// largest first. Default: the first metric, the largest first.
    #[param(required = false, value_type = values::FiguresOrder, inline)]
    order: String,
    /// How many groups.
    #[param(required = false, minimum = 1, maximum = 500, example = 20)]
    limit: i64,
}

/// Whose histogram.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct HistogramPath {
    /// A metric of which each session has a value: a duration, a count, a ratio, a score.
    #[param(value_type = values::MetricOfEach, inline)]
    metric: String,
}

/// Of histograms.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct HistogramDocs {
    /// At most so many buckets. Their width is a round number.
    #[param(required = false, minimum = 5, maximum = 200, default = 40)]
    buckets: i64,
    /// Where the axis begins. Default: a round number near the least value.
    #[param(required = false, minimum = -1e15, maximum = 1e15)]
    min: f64,
    /// How far the axis goes at least. Default: a round number near the largest value, or near the 99th
    /// percentile if that is far from it.
    #[param(required = false, minimum = -1e15, maximum = 1e15)]
    max: f64,
    /// `log`: buckets grow with the axis, and what is 0 is below it.
    #[param(required = false, value_type = values::ScaleWord, inline)]
    scale: String,
}

/// Whose values.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct DimensionPath {
    /// A dimension; a site's own is `custom.<key>`.
    #[param(value_type = values::DimensionName, inline)]
    dimension: String,
}

/// Of values of a dimension.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ValuesDocs {
    /// A part of the value. The case of ASCII letters does not matter.
    #[param(required = false, pattern = r"^[^\u0000]*$", example = "fire")]
    q: String,
}

/// Of errors.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ErrorsDocs {
    /// `previous`: beside those of the period of the same length right before.
    #[param(required = false, value_type = values::Compare, inline)]
    compare: String,
    /// `sessions`, `failed`, `error_count`, `fatal_error_count`, `first_seen`, `last_seen`, or with
    /// `compare=previous` `delta`: how many sessions more; `-` before it for the largest first. Default:
    /// `-sessions`.
    #[param(required = false, value_type = values::ErrorsOrder, inline)]
    order: String,
    /// How many errors.
    #[param(required = false, minimum = 1, maximum = 500, default = 20)]
    limit: i64,
}

/// Of what is live.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LiveDocs {
    /// One dimension.
    #[param(required = false, value_type = values::LiveDimension, inline, example = "browser")]
    group_by: String,
    /// How many groups.
    #[param(required = false, minimum = 1, maximum = 500, default = 20)]
    limit: i64,
}
