//! The dictionary of metrics, and figures over many sessions.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

use super::super::caller::Analyst;
use super::super::{Entrance, Problem};
use super::docs::{FigureDocs, FilterDocs, PeriodDocs, ProblemBody};
use super::{List, params};
use crate::session::clock;
use crate::storage::query::{
    FIGURES_PARAMS, FiguresAnswer, FiguresQuery, MEASURES, Measure, PERIOD_PARAMS,
};

/// A metric that can be asked for.
#[derive(Debug, Serialize, ToSchema)]
pub(in super::super) struct MetricEntry {
    /// Its name.
    metric: &'static str,
    /// What it is.
    description: &'static str,
    unit: &'static str,
    /// `lower`, `higher` or `neither`.
    better: &'static str,
    /// Which sessions count.
    population: &'static str,
    /// As in `metric=startup_ms:p95`.
    aggregations: Vec<&'static str>,
    /// The one that is taken if none is asked for.
    default_aggregation: &'static str,
}

impl MetricEntry {
    fn new(measure: &'static Measure) -> Self {
        Self {
            metric: measure.name,
            description: measure.description,
            unit: measure.unit,
            better: measure.better.name(),
            population: measure.population,
            aggregations: measure.aggregations().collect(),
            default_aggregation: measure.default,
        }
    }
}

/// The dictionary of metrics
#[utoipa::path(
    get,
    path = "/api/v1/metrics",
    tag = "figures",
    responses(
        (status = 200, body = List<MetricEntry>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn dictionary(
    _analyst: Analyst,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    params(&request, &[])?;
    let entries = MEASURES.iter().map(MetricEntry::new).collect();
    Ok(HttpResponse::Ok().json(List::new(entries, None)))
}

/// Figures over many sessions
///
/// Of the finished sessions of a period: in total, by up to two dimensions, and over time. Ratios are
/// a sum divided by a sum; percentiles are exact.
#[utoipa::path(
    get,
    path = "/api/v1/metrics/query",
    tag = "figures",
    params(FigureDocs, PeriodDocs, FilterDocs),
    responses(
        (status = 200, body = FiguresAnswer),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn query(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let params = params(&request, &[FIGURES_PARAMS, PERIOD_PARAMS])?;
    let query = FiguresQuery::parse(&analyst.project, &params, clock::now())?;
    let figures = service.storage.reader().answer(query).await??;
    Ok(HttpResponse::Ok().json(figures))
}
