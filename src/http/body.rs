//! Reading a request's body: bounded in bytes, before and after decompression, and in time.

use std::io::Read;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use actix_web::web::Payload;
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::Problem;
use super::admission::{Admission, Admitted};

/// A body has at most this many bytes, also after decompression.
pub const MAX_BODY_BYTES: usize = 512 * 1024;

/// A body, and the room it holds.
pub(super) struct Body {
    pub(super) bytes: Bytes,
    pub(super) admitted: Admitted,
}

/// Reads the body of a request whose content type and encoding are among those we take. It must have
/// arrived after `body_timeout`.
pub(super) async fn read(
    request: &HttpRequest,
    payload: Payload,
    admission: &Admission,
    body_timeout: Duration,
) -> Result<Body, Problem> {
    check_content_type(request)?;
    let gzip = is_gzip(request)?;
    let announced = header(request, &CONTENT_LENGTH).and_then(|length| length.parse().ok());
    // Without a length the body may turn out as long as is allowed.
    let expected: usize = announced.unwrap_or(MAX_BODY_BYTES);
    if expected > MAX_BODY_BYTES {
        return Err(Problem::BodyTooLarge);
    }
    let mut admitted = admission.admit(expected)?;
    let sent = timeout(body_timeout, collect(payload, expected, &mut admitted))
        .await
        .map_err(|_elapsed| Problem::SlowBody)??;
    if !gzip {
        return Ok(Body {
            bytes: sent,
            admitted,
        });
    }
    let bytes = decompress(&sent)?;
    admitted.hold(sent.len() + bytes.len())?;
    Ok(Body { bytes, admitted })
}

async fn collect(
    mut payload: Payload,
    expected: usize,
    admitted: &mut Admitted,
) -> Result<Bytes, Problem> {
    let mut body = BytesMut::with_capacity(expected.min(64 * 1024));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| Problem::IncompleteBody(error.to_string()))?;
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(Problem::BodyTooLarge);
        }
        admitted.hold(body.len() + chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// Decompresses no more than is allowed, whatever the body claims.
pub fn decompress(gzip: &[u8]) -> Result<Bytes, Problem> {
    let limit = u64::try_from(MAX_BODY_BYTES).unwrap_or(u64::MAX) + 1;
    let mut body = Vec::with_capacity((gzip.len() * 8).min(MAX_BODY_BYTES + 1));
    MultiGzDecoder::new(gzip)
        .take(limit)
        .read_to_end(&mut body)
        .map_err(|error| Problem::NotGzip(error.to_string()))?;
    if body.len() > MAX_BODY_BYTES {
        return Err(Problem::BodyTooLarge);
    }
    Ok(body.into())
}

fn header<'a>(request: &'a HttpRequest, name: &HeaderName) -> Option<&'a str> {
    request
        .headers()
        .get(name)
        .and_then(|value| value.to_str().ok())
}

/// JSON, or text as a page that is closing must call it. Parameters do not matter.
fn check_content_type(request: &HttpRequest) -> Result<(), Problem> {
    let sent = header(request, &CONTENT_TYPE).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim();
    let known = ["application/json", "text/plain"];
    if known
        .iter()
        .any(|known| essence.eq_ignore_ascii_case(known))
    {
        Ok(())
    } else {
        Err(Problem::UnsupportedContentType(essence.to_owned()))
    }
}

fn is_gzip(request: &HttpRequest) -> Result<bool, Problem> {
    let encoding = header(request, &CONTENT_ENCODING)
        .unwrap_or("identity")
        .trim();
    match encoding.to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(false),
        "gzip" | "x-gzip" => Ok(true),
        _ => Err(Problem::UnsupportedContentEncoding(encoding.to_owned())),
    }
}
