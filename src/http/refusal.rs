//! What is refused for who asks: no key, not the right one, or too much of it. A client stops at 401 and
//! 403, and waits at 429.

use std::fmt;
use std::time::Duration;

use actix_web::HttpResponseBuilder;
use actix_web::http::StatusCode;
use actix_web::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};

use crate::storage::keys::KeyKind;

/// Why a caller is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Two keys were sent, and they differ.
    ConflictingKeys,
    /// None was sent; which kind is needed.
    MissingKey(KeyKind),
    /// No such key was ever created.
    UnknownKey,
    /// There are no keys yet, and the question does not come from this machine.
    NotLocal,
    /// The key was revoked.
    RevokedKey,
    /// The key is of another kind; which one is needed.
    WrongKind(KeyKind),
    /// More at once than the key may; when there is room again.
    RateLimited(Duration),
    /// More in a day than the key may; when there is room again.
    QuotaUsedUp(Duration),
}

impl Refusal {
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::ConflictingKeys => StatusCode::BAD_REQUEST,
            Self::MissingKey(_) | Self::UnknownKey | Self::NotLocal => StatusCode::UNAUTHORIZED,
            Self::RevokedKey | Self::WrongKind(_) => StatusCode::FORBIDDEN,
            Self::RateLimited(_) | Self::QuotaUsedUp(_) => StatusCode::TOO_MANY_REQUESTS,
        }
    }

    /// A stable name for programs; all of them are in `problem::CODES`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::ConflictingKeys => "conflicting_keys",
            Self::MissingKey(_) => "missing_key",
            Self::UnknownKey => "unknown_key",
            Self::NotLocal => "not_local",
            Self::RevokedKey => "revoked_key",
            Self::WrongKind(_) => "wrong_key_kind",
            Self::RateLimited(_) => "rate_limited",
            Self::QuotaUsedUp(_) => "quota_used_up",
        }
    }

    /// Says how to come back.
    pub(super) fn add_headers(self, response: &mut HttpResponseBuilder) {
        if let Self::RateLimited(wait) | Self::QuotaUsedUp(wait) = self {
            response.insert_header((RETRY_AFTER, whole_seconds(wait).to_string()));
        }
        if self.status() == StatusCode::UNAUTHORIZED {
            let error = match self {
                Self::UnknownKey => ", error=\"invalid_token\"",
                _ => "",
            };
            let challenge = format!("Bearer realm=\"video-telemetry\"{error}");
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
    }
}

/// Rounded up: a client that comes back then is not early.
fn whole_seconds(wait: Duration) -> u64 {
    let begun = u64::from(wait.subsec_nanos() > 0);
    wait.as_secs().saturating_add(begun).max(1)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ConflictingKeys => {
                f.write_str("the request has two keys that differ, send one of them")
            }
            Self::MissingKey(KeyKind::Write) => f.write_str(
                "a write key is needed: as Authorization: Bearer, as X-Telemetry-Key, or as key of the envelope",
            ),
            Self::MissingKey(KeyKind::Read) => {
                f.write_str("a read key is needed: as Authorization: Bearer or as X-Telemetry-Key")
            }
            Self::MissingKey(KeyKind::Erase) => f.write_str(
                "an erase key is needed: as Authorization: Bearer or as X-Telemetry-Key",
            ),
            Self::UnknownKey => f.write_str("the key is none of this server's"),
            Self::NotLocal => f.write_str(
                "without keys only this machine is answered, under the name localhost and through no proxy: \
                 create a read key with `video-telemetry keys create --kind read --project default`",
            ),
            Self::RevokedKey => f.write_str("the key was revoked"),
            Self::WrongKind(needed) => write!(
                f,
                "a key of the kind {} is needed, and this one is of another",
                needed.name()
            ),
            Self::RateLimited(wait) => write!(
                f,
                "this is more than the key may at once, come back in {} s",
                whole_seconds(*wait)
            ),
            Self::QuotaUsedUp(wait) => write!(
                f,
                "this is more than the key may in a day, come back in {} s",
                whole_seconds(*wait)
            ),
        }
    }
}
