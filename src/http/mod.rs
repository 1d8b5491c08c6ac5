//! HTTP: the routes in one flat table, the wire format in and out, errors to statuses in one match.

mod admission;
mod allowance;
mod api;
mod body;
mod caller;
mod dead_end;
mod door;
mod headers;
mod ingest;
mod keyring;
mod local;
mod metrics;
mod observe;
mod operation;
mod origins;
mod problem;
mod readiness;
mod refusal;
mod site;
mod streams;
mod telemetry;
mod unread;
mod wire;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::web::{self, Data, ServiceConfig};
use actix_web::{Resource, Route, guard};

pub use admission::Admission;
pub use allowance::KeyLimits;
pub use api::{List, Session, Status, document};
pub use body::{MAX_BODY_BYTES, decompress};
pub use door::{Door, Rules};
pub use headers::harden;
pub use keyring::REFRESH;
pub use metrics::Metrics;
pub use origins::Origin;
pub use problem::Problem;
pub use readiness::{Readiness, Unready};
pub use refusal::Refusal;
pub use streams::Streams;
pub use unread::hang_up;
pub use wire::split;

use crate::session::Registry;
use crate::storage::query::Stories;
use crate::storage::viewer_ids::ViewerIds;
use crate::storage::{SessionKey, Storage};

/// The project of whoever needs no key.
pub const DEFAULT_PROJECT: &str = "default";

/// The server from its first moment: it answers that it is alive and not ready before it has anything
/// to serve with.
#[derive(Default)]
pub struct Entrance {
    /// Whether requests are welcome.
    pub readiness: Readiness,
    /// Filled when storage is ready.
    pub service: OnceLock<Service>,
    /// Answers that go on until somebody leaves.
    pub streams: Streams,
    /// Sites whose pages may read.
    pub origins: Vec<Origin>,
}

impl Entrance {
    /// The service, unless the server is still starting, already stopping, or known to be without its
    /// storage: then there is no use in waiting for it, the prober tells when it is back.
    fn open(&self) -> Result<&Service, Problem> {
        match (self.service.get(), self.readiness.unready()) {
            (_, Some(Unready::Draining)) => Err(Problem::Draining),
            (_, Some(Unready::StorageAway)) => Err(Problem::StorageAway),
            (Some(service), _) => Ok(service),
            (None, _) => Err(Problem::Starting),
        }
    }

    /// The same for what is answered from memory, also while storage is away.
    fn open_to_memory(&self) -> Result<&Service, Problem> {
        match (self.service.get(), self.readiness.unready()) {
            (_, Some(Unready::Draining)) => Err(Problem::Draining),
            (Some(service), _) => Ok(service),
            (None, _) => Err(Problem::Starting),
        }
    }
}

/// What the handlers need; built once by `app`.
pub struct Service {
    /// The live sessions.
    pub registry: Arc<Registry>,
    /// Where refused events are kept.
    pub storage: Storage,
    /// Stories of sessions that were told lately.
    pub stories: Stories,
    /// How much may be in flight.
    pub admission: Admission,
    /// How long a body may take to arrive.
    pub body_timeout: Duration,
    /// What is counted here.
    pub metrics: Metrics,
    /// Everything that is counted.
    pub prometheus: prometheus_client::registry::Registry,
    /// Who may write and read, and in which project.
    pub door: Door,
    /// What becomes of viewers' ids.
    pub viewer_ids: ViewerIds,
}

impl Service {
    /// Whether anything may be told of a session: there can be one of this id, and it was not erased.
    fn may_know(&self, key: &SessionKey) -> bool {
        key.is_storable() && !self.storage.erasures().contains(key)
    }
}

/// Every route there is.
pub fn routes(config: &mut ServiceConfig, entrance: Data<Entrance>) {
    let origins = entrance.origins.clone();
    config
        .app_data(entrance)
        .service(page("/healthz").route(read().to(operation::healthz)))
        .service(page("/readyz").route(read().to(operation::readyz)))
        .service(page("/metrics").route(read().to(operation::metrics)))
        .service(
            web::resource("/telemetry")
                .wrap(from_fn(observe::observe))
                .wrap(origins::any())
                .route(web::post().to(telemetry::receive))
                .route(web::method(Method::OPTIONS).to(telemetry::options))
                .default_service(web::to(dead_end::only_post)),
        )
        .configure(|config| api::routes(config, &origins))
        .service(page("/api/docs").route(read().to(site::docs)))
        .service(page("/api/docs/{file:.*}").route(read().to(site::docs)))
        .service(page("/telemetry-plugin.js").route(read().to(site::plugin)))
        .service(page("/telemetry-plugin.js.map").route(read().to(site::plugin)))
        .service(page("/demo").route(read().to(site::demo)))
        .service(page("/demo/{file:.*}").route(read().to(site::demo)))
        .default_service(web::to(dead_end::not_found));
}

/// Something to read: any other method is told so.
fn page(path: &str) -> Resource {
    web::resource(path).default_service(web::to(dead_end::only_get))
}

/// GET, and HEAD: some probes ask no more.
fn read() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}
