//! Errors as RFC 9457 problem+json: what was wrong and what would be right. Bad input never gets a
//! 5xx: clients resend those for ever.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER};
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde_json::json;

use super::body::MAX_BODY_BYTES;
use super::streams::MAX_STREAMS;
use super::wire::{MAX_BATCH_EVENTS, RejectedReply};
use crate::storage::StorageError;
use crate::storage::query::Mistake;

/// Clients come back after a random number of seconds up to this, not all at once.
const MAX_RETRY_AFTER_SECS: u32 = 5;

/// Every code of a problem; a test holds them against [`Problem::code`].
pub(super) const CODES: &[&str] = &[
    "invalid_json",
    "events_not_an_array",
    "all_rejected",
    "not_gzip",
    "incomplete_body",
    "slow_body",
    "body_too_large",
    "batch_too_large",
    "unsupported_content_type",
    "unsupported_content_encoding",
    "overloaded",
    "too_many_streams",
    "storage_away",
    "starting",
    "draining",
    "not_found",
    "unknown_session",
    "invalid_parameter",
    "too_slow",
    "method_not_allowed",
];

/// The methods of `/telemetry`.
pub(super) const TELEMETRY_METHODS: &str = "POST, OPTIONS";

/// Everything a request can be refused for.
#[derive(Debug)]
pub enum Problem {
    /// The body is not JSON.
    InvalidJson(String),
    /// `events` of an envelope is not an array.
    EventsNotAnArray,
    /// Every event was refused.
    AllRejected(Vec<RejectedReply>),
    /// The body says it is gzip and is not.
    NotGzip(String),
    /// The body broke off.
    IncompleteBody(String),
    /// The body took too long to arrive.
    SlowBody,
    /// More bytes than are allowed.
    BodyTooLarge,
    /// More events than are allowed: how many.
    BatchTooLarge(usize),
    /// Neither JSON nor text.
    UnsupportedContentType(String),
    /// Neither gzip nor plain.
    UnsupportedContentEncoding(String),
    /// More is in flight than there is room for.
    Overloaded,
    /// As many streams are open as may be.
    TooManyStreams,
    /// PostgreSQL is away: what of the request is stored is unknown.
    StorageAway,
    /// The server is not ready yet.
    Starting,
    /// The server is stopping.
    Draining,
    /// No such page.
    NotFound(String),
    /// No such session.
    UnknownSession,
    /// A parameter of a question cannot be used.
    InvalidParameter(Mistake),
    /// A question took too long to answer.
    TooSlow,
    /// The page is there, but not for this method; what would be right.
    MethodNotAllowed(&'static str),
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Problem::InvalidJson(_)
            | Problem::EventsNotAnArray
            | Problem::AllRejected(_)
            | Problem::NotGzip(_)
            | Problem::IncompleteBody(_)
            | Problem::InvalidParameter(_) => StatusCode::BAD_REQUEST,
            Problem::SlowBody => StatusCode::REQUEST_TIMEOUT,
            Problem::BodyTooLarge | Problem::BatchTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Problem::UnsupportedContentType(_) | Problem::UnsupportedContentEncoding(_) => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Problem::Overloaded
            | Problem::TooManyStreams
            | Problem::StorageAway
            | Problem::TooSlow
            | Problem::Starting
            | Problem::Draining => StatusCode::SERVICE_UNAVAILABLE,
            Problem::NotFound(_) | Problem::UnknownSession => StatusCode::NOT_FOUND,
            Problem::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// A stable name of the problem for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Problem::InvalidJson(_) => "invalid_json",
            Problem::EventsNotAnArray => "events_not_an_array",
            Problem::AllRejected(_) => "all_rejected",
            Problem::NotGzip(_) => "not_gzip",
            Problem::IncompleteBody(_) => "incomplete_body",
            Problem::SlowBody => "slow_body",
            Problem::BodyTooLarge => "body_too_large",
            Problem::BatchTooLarge(_) => "batch_too_large",
            Problem::UnsupportedContentType(_) => "unsupported_content_type",
            Problem::UnsupportedContentEncoding(_) => "unsupported_content_encoding",
            Problem::Overloaded => "overloaded",
            Problem::TooManyStreams => "too_many_streams",
            Problem::StorageAway => "storage_away",
            Problem::Starting => "starting",
            Problem::Draining => "draining",
            Problem::NotFound(_) => "not_found",
            Problem::UnknownSession => "unknown_session",
            Problem::InvalidParameter(_) => "invalid_parameter",
            Problem::TooSlow => "too_slow",
            Problem::MethodNotAllowed(_) => "method_not_allowed",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::InvalidJson(error) => write!(f, "the body is not JSON: {error}"),
            Problem::EventsNotAnArray => f.write_str("events must be an array of events"),
            Problem::AllRejected(rejected) => {
                write!(
                    f,
                    "none of the {} events could be used, see rejected",
                    rejected.len()
                )
            }
            Problem::NotGzip(error) => {
                write!(
                    f,
                    "the body is not gzip as its Content-Encoding says: {error}"
                )
            }
            Problem::IncompleteBody(error) => write!(f, "the body broke off: {error}"),
            Problem::SlowBody => f.write_str("the body came too slowly, send it again"),
            Problem::BodyTooLarge => write!(
                f,
                "the body has more than {MAX_BODY_BYTES} bytes (after decompression), split the batch"
            ),
            Problem::BatchTooLarge(events) => write!(
                f,
                "the batch has {events} events, at most {MAX_BATCH_EVENTS} are allowed, split it"
            ),
            Problem::UnsupportedContentType(sent) => write!(
                f,
                "Content-Type must be application/json or text/plain, not {sent:?}"
            ),
            Problem::UnsupportedContentEncoding(sent) => {
                write!(f, "Content-Encoding must be gzip or absent, not {sent:?}")
            }
            Problem::Overloaded => {
                f.write_str("too much is in flight, send the same request again later")
            }
            Problem::TooManyStreams => write!(
                f,
                "{MAX_STREAMS} streams are open, ask /api/v1/live instead or come back later"
            ),
            Problem::StorageAway => {
                f.write_str("storage is away, send the same request again later")
            }
            Problem::Starting => {
                f.write_str("the server is starting, send the same request again later")
            }
            Problem::Draining => f.write_str("the server is stopping, send the same request again"),
            Problem::UnknownSession => f.write_str("no figures are known of a session of this id"),
            Problem::InvalidParameter(mistake) => write!(f, "{mistake}"),
            Problem::TooSlow => f.write_str("the answer took too long, ask about a shorter period"),
            Problem::NotFound(path) => write!(f, "there is nothing at {path}"),
            Problem::MethodNotAllowed(allowed) => write!(f, "the methods here are {allowed}"),
        }
    }
}

impl From<Mistake> for Problem {
    fn from(mistake: Mistake) -> Self {
        Self::InvalidParameter(mistake)
    }
}

/// A question that was not answered. What it asked was checked before, so this is nobody's fault.
impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        tracing::debug!(%error, "a question was not answered");
        if error.is_timeout() {
            Self::TooSlow
        } else if matches!(error, StorageError::ExportsBusy | StorageError::QueueFull) {
            Self::Overloaded
        } else {
            Self::StorageAway
        }
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status();
        let mut body = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.to_string(),
            "code": self.code(),
        });
        if let Some(fields) = body.as_object_mut() {
            match self {
                Problem::AllRejected(rejected) => {
                    fields.insert("ok".to_owned(), json!(false));
                    fields.insert("rejected".to_owned(), json!(rejected));
                }
                Problem::EventsNotAnArray => {
                    fields.insert("field".to_owned(), json!("events"));
                }
                Problem::InvalidParameter(mistake) => {
                    fields.insert("parameter".to_owned(), json!(mistake.parameter));
                }
                _ => {}
            }
        }
        let mut response = HttpResponse::build(status);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let seconds = rand::random_range(1..=MAX_RETRY_AFTER_SECS);
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        if let Problem::MethodNotAllowed(allowed) = self {
            response.insert_header((ALLOW, *allowed));
        }
        if matches!(self, Problem::Draining) {
            response.force_close();
        }
        response
            .content_type("application/problem+json")
            .body(body.to_string())
    }
}

/// The answer of a page that is not there.
pub(super) async fn not_found(request: HttpRequest) -> Result<HttpResponse, Problem> {
    Err(Problem::NotFound(request.path().to_owned()))
}

/// The answer of `/telemetry` to anything but POST.
pub(super) async fn only_post() -> Result<HttpResponse, Problem> {
    Err(Problem::MethodNotAllowed(TELEMETRY_METHODS))
}

/// The answer of a page to anything but GET and HEAD.
pub(super) async fn only_get() -> Result<HttpResponse, Problem> {
    Err(Problem::MethodNotAllowed("GET, HEAD"))
}
