//! What was refused: how much of it is kept, how it is looked at, and how it is tried again.

mod bounds;
mod browse;
mod replay;

use chrono::{DateTime, Utc};

use crate::support::Database;

/// Puts a refused event into the table, as an older version of the service may have.
pub async fn refused(
    database: &Database,
    n: u32,
    received_at: DateTime<Utc>,
    reason: &str,
    raw: &[u8],
) {
    let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
    database
        .execute(&format!(
            "INSERT INTO rejected_events (digest, received_at, reason, detail, raw, raw_bytes) \
             VALUES (sha256('{n}'), '{}', '{reason}', 'what was wrong with {n}', '\\x{hex}', {})",
            received_at.to_rfc3339(),
            raw.len()
        ))
        .await;
}

/// The events that are kept, the oldest first.
pub async fn kept(database: &Database) -> Vec<String> {
    let rows = database
        .rows(
            "SELECT encode(raw, 'escape') AS raw FROM rejected_events ORDER BY received_at, digest",
        )
        .await;
    rows.iter()
        .map(|row| row["raw"].as_str().unwrap().to_owned())
        .collect()
}
