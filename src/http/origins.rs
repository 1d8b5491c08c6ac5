//! Which sites' pages may call: any may send events, and only those that the operator names may read.

use std::str::FromStr;

use actix_cors::Cors;
use actix_web::http::Uri;
use actix_web::http::header::{AUTHORIZATION, IF_NONE_MATCH};
use actix_web::middleware::Condition;

/// A site whose pages may read, as `https://qoe.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri = text.parse::<Uri>().ok();
        let is_origin = uri.is_some_and(|uri| {
            let schemes = ["http", "https"];
            let authority = uri.authority().map(ToString::to_string);
            let written = uri.scheme_str().zip(authority);
            written.is_some_and(|(scheme, authority)| {
                schemes.contains(&scheme)
                    && !authority.contains('@')
                    && text.eq_ignore_ascii_case(&format!("{scheme}://{authority}"))
            })
        });
        if is_origin {
            // Browsers write it so.
            Ok(Self(text.to_ascii_lowercase()))
        } else {
            Err("it must be one origin like https://qoe.example.com, without a path".to_owned())
        }
    }
}

/// Players post from any site, and never with credentials.
pub(super) fn any() -> Cors {
    Cors::default()
        .allow_any_origin()
        .send_wildcard()
        .allowed_methods(["POST", "OPTIONS"])
        .allow_any_header()
        // Scripts of other origins read no other header than these.
        .expose_headers(["retry-after", "x-request-id"])
        .max_age(86_400)
}

/// Pages of these sites read, with a key that they know and never with credentials of the browser's.
pub(super) fn only(origins: &[Origin]) -> Condition<Cors> {
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD"])
        .allowed_headers([AUTHORIZATION, IF_NONE_MATCH])
        .allowed_header("x-telemetry-key")
        .expose_headers(["etag", "retry-after", "content-disposition"])
        .max_age(600);
    let cors = origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(&origin.0));
    Condition::new(!origins.is_empty(), cors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_a_scheme_a_host_and_nothing_else() {
        for right in [
            "https://qoe.example.com",
            "http://localhost:8080",
            "https://[::1]:1",
        ] {
            assert_eq!(right.parse(), Ok(Origin(right.to_owned())));
        }
        let upper = "https://QOE.example.com".parse();
        assert_eq!(upper, Ok(Origin("https://qoe.example.com".to_owned())));
        for wrong in [
            "",
            "*",
            "null",
            "qoe.example.com",
            "https://",
            "https://a.b/",
            "https://a.b/c",
            "ftp://a.b",
            "https://u@a.b",
            "https://a.b?c",
        ] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
