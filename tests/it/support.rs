//! What the tests share: a cluster, databases, servers, and waiting for conditions.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diesel::sql_query;
use diesel::sql_types::{BigInt, Text};
use diesel_async::RunQueryDsl;
use serde_json::{Value, json};
use video_telemetry::app::{Application, Settings, Source};
use video_telemetry::storage::cluster::PrivateCluster;
use video_telemetry::storage::{Pool, migrations};

/// Conditions that are not met by then never will be.
const PATIENCE: Duration = Duration::from_secs(60);

/// PostgreSQL for the whole run; it ends with the process.
pub static CLUSTER: LazyLock<PrivateCluster> =
    LazyLock::new(|| PrivateCluster::temporary().expect("PostgreSQL starts"));

/// An empty database of its own.
pub fn empty_database() -> String {
    static DATABASES: AtomicU32 = AtomicU32::new(0);
    let name = format!("test_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    CLUSTER.create_database(&name).expect("a database is made")
}

/// A database with our tables.
pub async fn database() -> Database {
    let url = empty_database();
    migrations::migrate(&url).await.expect("the migrations run");
    Database::at(&url)
}

/// A database and questions to it.
pub struct Database {
    pub url: String,
    pub pool: Pool,
}

impl Database {
    pub fn at(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            pool: Pool::new(url, 4).unwrap(),
        }
    }

    /// The number that a query gives.
    pub async fn count(&self, query: &str) -> i64 {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            n: i64,
        }
        let query = sql_query(format!("SELECT count(*) AS n FROM ({query}) AS q"));
        let row: Count = query
            .get_result(&mut self.pool.get().await.unwrap())
            .await
            .unwrap();
        row.n
    }

    /// The rows that a query gives, as JSON objects.
    pub async fn rows(&self, query: &str) -> Vec<Value> {
        #[derive(diesel::QueryableByName)]
        struct Json {
            #[diesel(sql_type = Text)]
            json: String,
        }
        let query = sql_query(format!(
            "SELECT to_jsonb(q)::text AS json FROM ({query}) AS q"
        ));
        let rows: Vec<Json> = query
            .get_results(&mut self.pool.get().await.unwrap())
            .await
            .unwrap();
        rows.iter()
            .map(|row| serde_json::from_str(&row.json).unwrap())
            .collect()
    }

    /// Runs a statement.
    pub async fn execute(&self, statement: &str) {
        sql_query(statement)
            .execute(&mut self.pool.get().await.unwrap())
            .await
            .unwrap();
    }
}

/// Settings of a server on a database, with a short idle time-out.
pub fn settings(database_url: &str) -> Settings {
    Settings {
        bind: "127.0.0.1:0".to_owned(),
        source: Source::Url(database_url.to_owned()),
        idle_timeout: Duration::from_millis(300),
        workers: 2,
        write_connections: 2,
        other_connections: 4,
        figures_cache_bytes: 16 * 1024 * 1024,
        max_in_flight_bytes: 64 * 1024 * 1024,
        max_in_flight_events: 20_000,
        body_timeout: Duration::from_secs(30),
        drain_timeout: Duration::from_secs(20),
    }
}

/// A server in this process.
pub struct Server {
    pub application: Application,
    pub database: Database,
    pub client: reqwest::Client,
}

/// A server on a database of its own.
pub async fn server() -> Server {
    server_with(|_| {}).await
}

/// A server on a database of its own, with other settings.
pub async fn server_with(change: impl FnOnce(&mut Settings)) -> Server {
    let url = empty_database();
    let mut settings = settings(&url);
    change(&mut settings);
    Server::start(settings, &url).await
}

impl Server {
    pub async fn start(settings: Settings, database_url: &str) -> Self {
        let application = Application::start(settings)
            .await
            .expect("the server starts");
        Self {
            application,
            database: Database::at(database_url),
            client: reqwest::Client::new(),
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.application.address())
    }

    /// Posts JSON and gives status and reply.
    pub async fn post(&self, body: &Value) -> (u16, Value) {
        self.post_as(body.to_string(), &[("content-type", "application/json")])
            .await
    }

    /// Posts any bytes with any headers.
    pub async fn post_as(
        &self,
        body: impl Into<reqwest::Body>,
        headers: &[(&str, &str)],
    ) -> (u16, Value) {
        let mut request = self.client.post(self.url("/telemetry")).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        (
            status,
            serde_json::from_str(&response.text().await.unwrap()).unwrap_or(Value::Null),
        )
    }

    /// The sum of a metric over its labels.
    pub async fn metric(&self, name: &str) -> f64 {
        let text = self
            .client
            .get(self.url("/metrics"))
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        text.lines()
            .filter(|line| line.split(['{', ' ']).next() == Some(name))
            .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
            .sum()
    }

    /// Waits for a session's summary.
    pub async fn summary(&self, session_id: &str) -> Value {
        let query = format!("SELECT * FROM session_summaries WHERE session_id = '{session_id}'");
        until("the summary is there", async || {
            self.database.rows(&query).await.pop()
        })
        .await
    }
}

/// Waits until `condition` gives something.
pub async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(met) = condition().await {
            return met;
        }
        assert!(begun.elapsed() < PATIENCE, "still waiting until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The example of the original client's format: every field there is.
pub fn original_event(session_id: &str, event_id: &str, event_type: &str, timestamp: i64) -> Value {
    json!({
        "eventId": event_id, "viewerId": "user123", "sessionId": session_id,
        "eventType": event_type, "timestamp": timestamp, "playbackPositionSec": 12.5,
        "quality": {"bitrateKbps": 3000, "width": 1280, "height": 720, "resolution": "720p"},
        "buffering": {"startedAt": 1795392457000i64, "endedAt": 1795392458159i64, "durationMs": 1159},
        "network": {"downlinkMbps": 10, "rttMs": 50, "effectiveType": "4g"},
        "device": {"browser": "Chrome", "os": "MacIntel", "screenWidth": 1920, "screenHeight": 1080},
        "player": {"decodedFrames": 1200, "droppedFrames": 2, "fps": 30, "bufferLengthSec": 5.95},
        "engagement": {"totalWatchTime": 5000, "totalPauseTime": 0, "interactionCount": 3},
        "_retryCount": 0
    })
}
