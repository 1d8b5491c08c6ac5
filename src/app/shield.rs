//! What is asked of who calls, and what nobody may take more of.

use std::any::Any;
use std::time::Duration;

use actix_web::rt::net::TcpStream;
use actix_web::web::Data;
use rustix::net::sockopt::set_tcp_user_timeout;
use tokio::time::sleep;

use super::{AppError, Settings};
use crate::http::{self, Door, Entrance, KeyLimits, Origin, Rules};

/// A connection whose client acknowledges none of what was sent for this long is closed, ms.
const UNREAD_TIMEOUT_MS: u32 = 60_000;

/// How the server guards itself.
#[derive(Debug, Clone)]
pub struct ShieldSettings {
    /// Whoever has no key may write, wherever from.
    pub allow_anonymous_ingest: bool,
    /// Sites whose pages may read.
    pub origins: Vec<Origin>,
    /// Connections; more wait until one is closed.
    pub max_connections: usize,
    /// How long a request's head may take to arrive.
    pub head_timeout: Duration,
    /// What every key may.
    pub limits: KeyLimits,
}

impl Default for ShieldSettings {
    fn default() -> Self {
        Self {
            allow_anonymous_ingest: false,
            origins: Vec::new(),
            max_connections: 10_000,
            head_timeout: Duration::from_secs(10),
            limits: KeyLimits::default(),
        }
    }
}

pub(super) fn entrance(shield: &ShieldSettings) -> Entrance {
    Entrance {
        origins: shield.origins.clone(),
        ..Entrance::default()
    }
}

pub(super) fn rules(shield: &ShieldSettings, is_loopback: bool) -> Rules {
    Rules {
        is_loopback,
        anonymous_ingest: shield.allow_anonymous_ingest,
        limits: shield.limits,
    }
}

/// Refuses to be open to the world by accident, and says it loudly when it is open to this machine.
pub(super) fn check(settings: &Settings, is_loopback: bool, door: &Door) -> Result<(), AppError> {
    let anonymous = settings.shield.allow_anonymous_ingest;
    if anonymous {
        tracing::warn!("everybody may send events, and without a key: --allow-anonymous-ingest");
    }
    if !door.has_no_keys() {
        return Ok(());
    }
    if is_loopback {
        tracing::warn!(
            "NO KEYS YET: whoever reaches this machine's loopback reads and writes without one; \
             `video-telemetry keys create` makes the first key, and from then on every request needs one"
        );
    } else if !anonymous {
        return Err(AppError::PublicWithoutKeys(settings.bind.clone()));
    }
    Ok(())
}

/// Answers wait in memory for who has stopped reading, and nobody else would end that.
pub(super) fn cut_off_who_does_not_read(socket: &dyn Any) {
    let Some(socket) = socket.downcast_ref::<TcpStream>() else {
        return;
    };
    if let Err(error) = set_tcp_user_timeout(socket, UNREAD_TIMEOUT_MS) {
        tracing::debug!(%error, "a connection keeps the system's time-out");
    }
}

/// Keeps the keys in memory up to date.
pub(super) async fn keep_keys_fresh(entrance: Data<Entrance>) {
    loop {
        sleep(http::REFRESH).await;
        if let Some(service) = entrance.service.get()
            && let Err(error) = service.door.refresh().await
        {
            tracing::debug!(%error, "keys were not read again, those known last stay good");
        }
    }
}
