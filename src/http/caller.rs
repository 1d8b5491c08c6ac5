//! Who calls: whose events a request may write, whose figures it may read.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::allowance::Allowance;
use super::keyring::{KnownKey, SentKey};
use super::refusal::Refusal;
use super::{Door, Entrance, Problem};

/// A key's other header, for clients whose `Authorization` is taken by a proxy.
const TELEMETRY_KEY: HeaderName = HeaderName::from_static("x-telemetry-key");

/// Who may write, and into which project.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    pub(super) project: Arc<str>,
    pub(super) allowance: Arc<Allowance>,
}

/// Who may write as far as a request's head tells: the key may still come in the body.
pub(super) struct Head {
    pub(super) sent: Option<SentKey>,
    pub(super) writer: Option<Writer>,
}

/// Who may read, and of which project.
pub(super) struct Analyst {
    pub(super) project: Arc<str>,
    /// `None`: without keys, on this machine.
    pub(super) key: Option<Arc<KnownKey>>,
}

/// Who may see how the server does.
pub(super) struct Prober;

/// Who may erase, and of which project.
pub(super) struct Eraser {
    pub(super) project: Arc<str>,
}

impl FromRequest for Analyst {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { door(&request)?.analyst(&request).await })
    }
}

impl FromRequest for Prober {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { door(&request)?.prober(&request).await.map(|_holder| Self) })
    }
}

impl FromRequest for Eraser {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { door(&request)?.eraser(&request).await })
    }
}

fn door(request: &HttpRequest) -> Result<&Door, Problem> {
    let entrance = request.app_data::<Data<Entrance>>();
    let service = entrance.and_then(|entrance| entrance.service.get());
    Ok(&service.ok_or(Problem::Starting)?.door)
}

/// The key of a request's head; the same one twice is one.
pub(super) fn sent_key(headers: &HeaderMap) -> Result<Option<SentKey>, Refusal> {
    let bearers = headers.get_all(AUTHORIZATION).filter_map(|value| {
        // What is no bearer's is somebody else's, as a proxy's.
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let named = headers.get_all(TELEMETRY_KEY);
    let named = named.map(|value| value.to_str().unwrap_or("?").trim());
    let mut sent = None;
    for key in bearers.chain(named).filter_map(SentKey::new) {
        if sent.is_some_and(|sent| sent != key) {
            return Err(Refusal::ConflictingKeys);
        }
        sent = Some(key);
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(headers: &[(&str, &str)]) -> Result<Option<SentKey>, Refusal> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            map.append(name, value.parse().unwrap());
        }
        sent_key(&map)
    }

    #[test]
    fn a_key_is_found_in_either_header_and_two_that_differ_are_refused() {
        let key = Ok(SentKey::new("k"));
        assert_eq!(sent(&[]), Ok(None));
        assert_eq!(sent(&[("authorization", "bearer  k")]), key);
        assert_eq!(sent(&[("x-telemetry-key", "k")]), key);
        assert_eq!(
            sent(&[("authorization", "Bearer k"), ("x-telemetry-key", "k")]),
            key
        );
        assert_eq!(sent(&[("authorization", "Basic azp2")]), Ok(None));
        assert_eq!(sent(&[("x-telemetry-key", "")]), Ok(None));
        for two in [
            [("authorization", "Bearer k"), ("x-telemetry-key", "l")],
            [("x-telemetry-key", "k"), ("x-telemetry-key", "l")],
        ] {
            assert_eq!(sent(&two), Err(Refusal::ConflictingKeys));
        }
    }
}
