//! How a value is spread over sessions.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::super::caller::Analyst;
use super::super::{Entrance, Problem};
use super::docs::{FilterDocs, HistogramDocs, HistogramPath, PeriodDocs, ProblemBody};
use super::params;
use crate::session::clock;
use crate::storage::query::{HISTOGRAM_PARAMS, HistogramAnswer, HistogramQuery, PERIOD_PARAMS};

/// How a metric is spread over sessions
///
/// Of the finished sessions of a period: how many have a value within which bounds. It takes metrics of
/// which each session has a value. The counts of the buckets, `below` and `above` add up to `n`;
/// percentiles are exact.
#[utoipa::path(
    get,
    path = "/api/v1/metrics/{metric}/histogram",
    tag = "figures",
    params(
        HistogramPath,
        HistogramDocs, PeriodDocs, FilterDocs,
    ),
    responses(
        (status = 200, body = HistogramAnswer),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn show(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
    metric: Path<String>,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let params = params(&request, &[HISTOGRAM_PARAMS, PERIOD_PARAMS])?;
    let query = HistogramQuery::parse(&analyst.project, &metric, &params, clock::now())?;
    let histogram = service.storage.reader().answer(query).await?;
    Ok(HttpResponse::Ok().json(histogram))
}
