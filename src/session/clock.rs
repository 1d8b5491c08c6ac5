//! The wall clock; nothing below this layer reads one.

use chrono::{DateTime, Utc};

/// Now.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the wall clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Now, epoch ms.
pub fn now_ms() -> i64 {
    now().timestamp_millis()
}
