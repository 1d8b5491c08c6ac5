//! What sessions can be grouped by, and which values that has.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::super::caller::Analyst;
use super::super::{Entrance, Problem};
use super::docs::{DimensionPath, FilterDocs, PageDocs, PeriodDocs, ProblemBody, ValuesDocs};
use super::{List, params};
use crate::session::clock;
use crate::storage::query::{
    Dimension, DimensionValue, DimensionsQuery, PERIOD_PARAMS, VALUES_PARAMS, ValuesQuery,
};

/// What sessions can be grouped by
///
/// The dimensions that every site has, and the site's own, `custom.<key>`: the keys of the 10 000 newest
/// finished sessions of the period, up to 500, most frequent first. There is one page.
#[utoipa::path(
    get,
    path = "/api/v1/dimensions",
    tag = "figures",
    params(PeriodDocs),
    responses(
        (status = 200, body = List<Dimension>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn list(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let params = params(&request, &[PERIOD_PARAMS])?;
    let query = DimensionsQuery::parse(&analyst.project, &params, clock::now())?;
    let found = service.storage.reader().answer(query).await?;
    let list = List {
        has_more: found.more,
        ..List::new(found.dimensions, None)
    };
    Ok(HttpResponse::Ok().json(list))
}

/// The values of a dimension
///
/// With the number of finished sessions of the period that have each, the most frequent first.
#[utoipa::path(
    get,
    path = "/api/v1/dimensions/{dimension}/values",
    tag = "figures",
    params(
        DimensionPath,
        ValuesDocs, PeriodDocs, FilterDocs, PageDocs,
    ),
    responses(
        (status = 200, body = List<DimensionValue>),
        (status = 400, body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(in super::super) async fn values(
    entrance: Data<Entrance>,
    analyst: Analyst,
    request: HttpRequest,
    dimension: Path<String>,
) -> Result<HttpResponse, Problem> {
    let service = entrance.open()?;
    let params = params(&request, &[VALUES_PARAMS, PERIOD_PARAMS])?;
    let query = ValuesQuery::parse(&analyst.project, &dimension, &params, clock::now())?;
    let page = service.storage.reader().answer(query).await??;
    Ok(HttpResponse::Ok().json(List::new(page.values, page.next)))
}
