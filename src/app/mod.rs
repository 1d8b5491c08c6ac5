//! The composition root: settings in, a running server out, drained in order when it stops.

mod database;
mod error;
mod privacy;
mod retention;
mod shield;
mod upkeep;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::{Server, ServerHandle};
use actix_web::middleware::from_fn;
use actix_web::web::Data;
use actix_web::{App, HttpServer, rt};
use prometheus_client::registry::Registry as Prometheus;
use tokio::runtime::{Handle, Runtime};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

pub use database::{Database, Source};
pub use error::AppError;
pub use privacy::Privacy;
pub use retention::{Retention, Schedule};
pub use shield::ShieldSettings;

use crate::http::{self, Admission, Door, Entrance, Service};
use crate::session::{self, Registry, Store, clock};
use crate::storage::cluster::Ownership;
use crate::storage::query::Stories;
use crate::storage::{self, Storage, migrations, quarantine};

/// Threads that drive connections and fold from rows.
const STORAGE_THREADS: usize = 2;
/// Between looks at whether requests in flight are answered.
const DRAIN_POLL: Duration = Duration::from_millis(20);
/// Players post every few seconds; their connections are worth keeping.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How the server behaves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address and port; port 0 takes a free one.
    pub bind: String,
    /// The database.
    pub source: Source,
    /// A session without an event for this long gets its summary.
    pub idle_timeout: Duration,
    /// Threads that answer HTTP requests.
    pub workers: usize,
    /// Connections that write events.
    pub write_connections: usize,
    /// Connections for everything else.
    pub other_connections: usize,
    /// Bytes of summaries kept in memory for figures.
    pub figures_cache_bytes: u64,
    /// Bytes of request bodies that may be in flight; beyond it the answer is 503.
    pub max_in_flight_bytes: usize,
    /// Events that may be in flight; beyond it the answer is 503.
    pub max_in_flight_events: usize,
    /// How much of what is refused is kept.
    pub rejected: quarantine::Bounds,
    /// What may be live.
    pub limits: session::Limits,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How long a stopping server waits for requests and summaries.
    pub drain_timeout: Duration,
    /// What is kept for how long.
    pub retention: Retention,
    /// What is asked of who calls.
    pub shield: ShieldSettings,
    /// What is kept of viewers.
    pub privacy: Privacy,
}

/// A running server.
pub struct Application {
    address: SocketAddr,
    http: ServerHandle,
    http_task: JoinHandle<std::io::Result<()>>,
    entrance: Data<Entrance>,
    registry: Arc<Registry>,
    admission: Admission,
    tasks: Vec<JoinHandle<()>>,
    storage_runtime: StorageRuntime,
    database: Database,
    drain_timeout: Duration,
}

impl Application {
    /// Starts the server; when this returns it is ready. Must be called within an actix system.
    pub async fn start(settings: Settings) -> Result<Self, AppError> {
        let listener = listen(&settings.bind)?;
        let address = listener
            .local_addr()
            .map_err(AppError::bind(&settings.bind))?;
        let entrance = Data::new(shield::entrance(&settings.shield));
        let server = serve_http(listener, &entrance, &settings)?;
        let http = server.handle();
        let http_task = rt::spawn(server);

        let database = Database::open(settings.source.clone(), Ownership::Exclusive).await?;
        for migration in migrations::migrate(database.url()).await? {
            tracing::info!(migration, "migrated the database");
        }
        let storage_runtime = StorageRuntime::start()?;
        let is_loopback = address.ip().to_canonical().is_loopback();
        let building = build_service(&settings, database.url(), &storage_runtime, is_loopback);
        let (service, storage) = building.await?;
        if let Err(error) = shield::check(&settings, is_loopback, &service.door) {
            database.close().await?;
            return Err(error);
        }
        storage.tidy(clock::now()).await?;
        storage.erasures().learn().await?;
        let (registry, admission) = (Arc::clone(&service.registry), service.admission.clone());
        // Nobody else fills it.
        entrance.service.set(service).ok();
        entrance.readiness.storage(false);
        let tasks = vec![
            rt::spawn(session::sweep(Arc::clone(&registry))),
            rt::spawn(session::keep_recovering(
                storage.clone(),
                Arc::clone(&registry),
            )),
            rt::spawn(privacy::keep_learning(storage.clone(), entrance.clone())),
            rt::spawn(privacy::keep_finishing(
                storage.clone(),
                settings.privacy.erasure_grace,
            )),
            rt::spawn(upkeep::keep_probing(storage.clone(), entrance.clone())),
            rt::spawn(retention::keep_dropping(
                storage.clone(),
                settings.retention,
            )),
            rt::spawn(upkeep::keep_tidy(storage)),
            rt::spawn(shield::keep_keys_fresh(entrance.clone())),
        ];
        Ok(Self {
            address,
            http,
            http_task,
            entrance,
            registry,
            admission,
            tasks,
            storage_runtime,
            database,
            drain_timeout: settings.drain_timeout,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Runs until SIGTERM or Ctrl-C, then stops in order.
    pub async fn run_until_stopped(self) -> Result<(), AppError> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
            _ = interrupt.recv() => tracing::info!("interrupted: stopping"),
        }
        self.stop().await
    }

    /// Stops in order: no new requests, those in flight answered, all summaries written, then the
    /// HTTP workers (the actors live on their threads), then the writer, then the database.
    pub async fn stop(self) -> Result<(), AppError> {
        let deadline = Instant::now() + self.drain_timeout;
        // Summaries get at least half of the time, whatever requests take.
        let requests_deadline = Instant::now() + self.drain_timeout / 2;
        self.entrance.readiness.drain();
        self.http.pause().await;
        while !self.admission.is_idle() && Instant::now() < requests_deadline {
            sleep(DRAIN_POLL).await;
        }
        for task in &self.tasks {
            task.abort();
        }
        if !self
            .registry
            .drain(deadline.saturating_duration_since(Instant::now()))
            .await
        {
            let left = self.registry.len();
            tracing::warn!(
                left,
                "sessions without a summary are left to the next start"
            );
        }
        self.http.stop(true).await;
        self.http_task.await.ok();
        // All that was acked is committed; what is still on its way nobody waits for.
        drop(self.storage_runtime);
        self.database.close().await?;
        tracing::info!("stopped");
        Ok(())
    }
}

fn listen(bind: &str) -> Result<TcpListener, AppError> {
    TcpListener::bind(bind).map_err(AppError::bind(bind))
}

fn serve_http(
    listener: TcpListener,
    entrance: &Data<Entrance>,
    settings: &Settings,
) -> Result<Server, AppError> {
    let entrance = entrance.clone();
    let server = HttpServer::new(move || {
        let entrance = entrance.clone();
        App::new()
            .wrap(from_fn(http::hang_up))
            .wrap(from_fn(http::harden))
            .configure(move |config| http::routes(config, entrance))
    })
    .workers(settings.workers)
    .max_connections(
        settings
            .shield
            .max_connections
            .div_ceil(settings.workers.max(1)),
    )
    .client_request_timeout(settings.shield.head_timeout)
    .on_connect(|socket, _| shield::cut_off_who_does_not_read(socket))
    .keep_alive(KEEP_ALIVE)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?
    .run();
    Ok(server)
}

/// The layers, put together from the bottom up.
async fn build_service(
    settings: &Settings,
    database_url: &str,
    runtime: &StorageRuntime,
    is_loopback: bool,
) -> Result<(Service, Storage), AppError> {
    let mut prometheus = Prometheus::with_prefix("telemetry");
    let storage = Storage::start(
        &storage::Settings {
            database_url: database_url.to_owned(),
            write_connections: settings.write_connections,
            other_connections: settings.other_connections,
            figures_cache_bytes: settings.figures_cache_bytes,
            rejected: settings.rejected,
        },
        runtime.handle(),
        &storage::Metrics::new(&mut prometheus),
    )?;
    let store: Arc<dyn Store> = Arc::new(storage.clone());
    let session_settings = session::Settings {
        idle_timeout: settings.idle_timeout,
        limits: settings.limits,
    };
    let session_metrics = session::Metrics::new(&mut prometheus);
    let rules = shield::rules(&settings.shield, is_loopback);
    let door = Door::open(storage.clone(), rules, &mut prometheus).await?;
    let service = Service {
        registry: Registry::new(store, session_settings, session_metrics),
        storage: storage.clone(),
        stories: Stories::default(),
        admission: Admission::new(settings.max_in_flight_bytes, settings.max_in_flight_events),
        body_timeout: settings.body_timeout,
        metrics: http::Metrics::new(&mut prometheus),
        prometheus,
        door,
        viewer_ids: settings.privacy.viewer_ids.clone(),
    };
    Ok((service, storage))
}

/// The runtime of all connections. It ends without waiting: tokio panics where a runtime that waits
/// is dropped by asynchronous code, as ours is.
struct StorageRuntime(Option<Runtime>, Handle);

impl StorageRuntime {
    fn start() -> Result<Self, AppError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(STORAGE_THREADS)
            .thread_name("storage")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Self(Some(runtime), handle))
    }

    fn handle(&self) -> Handle {
        self.1.clone()
    }
}

impl Drop for StorageRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
