//! A server asked over HTTP: any question below `/api/v1`, with a key if it wants one.

use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;

use super::ask::Parameters;
use super::output::printable;

/// To reach a server.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two pieces of an answer. Servers end questions after 15 s, and live figures come each
/// second.
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A server's address. An empty one is none: so is an empty variable.
#[derive(Debug, Clone)]
pub(super) struct Address(Option<Url>);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self(None));
        }
        let url: Url = text
            .parse()
            .map_err(|error| format!("{error}; it must be a URL like http://127.0.0.1:3000"))?;
        match url.scheme() {
            "http" if url.has_host() => Ok(Self(Some(url))),
            "https" => Err("https is not spoken yet: ask a server, or a proxy, by http".to_owned()),
            _ => Err("it must be a URL like http://127.0.0.1:3000".to_owned()),
        }
    }
}

/// A server and how to speak to it.
pub(super) struct Server {
    base: Url,
    key: Option<String>,
    http: Client,
}

impl Server {
    /// The server at an address, if that is one. Nothing is sent yet.
    pub(super) fn at(address: &Address, key: Option<&str>) -> anyhow::Result<Option<Self>> {
        let Some(base) = &address.0 else {
            return Ok(None);
        };
        let http = Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            // A key is for this server and for nobody it points to.
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("video-telemetry/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Some(Self {
            base: base.clone(),
            key: key.filter(|key| !key.is_empty()).map(str::to_owned),
            http,
        }))
    }

    /// Where it is, for messages.
    pub(super) fn url(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// Asks `/api/v1/` and these segments of a path. The answer's body is still to be read; an
    /// answer that is no success is an error that tells what the server said.
    pub(super) async fn get(
        &self,
        path: &[&str],
        parameters: &Parameters,
    ) -> anyhow::Result<Response> {
        let mut request = self.http.get(self.place(path, parameters)?);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        let sent = request.send().await.map_err(reqwest::Error::without_url);
        let response = sent.with_context(|| {
            format!(
                "{} was not reached, --server names a running server",
                self.url()
            )
        })?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let said = response.text().await.unwrap_or_default();
        bail!(self.complaint(status, &said));
    }

    /// The same, with the answer as JSON.
    pub(super) async fn json(
        &self,
        path: &[&str],
        parameters: &Parameters,
    ) -> anyhow::Result<Value> {
        let response = self.get(path, parameters).await?;
        let body = response.bytes().await.map_err(reqwest::Error::without_url);
        let body = body.with_context(|| format!("the answer of {} broke off", self.url()))?;
        serde_json::from_slice(&body).with_context(|| self.stranger())
    }

    fn place(&self, path: &[&str], parameters: &Parameters) -> anyhow::Result<Url> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => {
                segments.pop_if_empty().extend(["api", "v1"]).extend(path);
            }
            Err(()) => bail!("{} is no URL of a server", self.url()),
        }
        if path.iter().any(|segment| matches!(*segment, "." | "..")) {
            bail!("a URL cannot name what is called . or ..");
        }
        if !parameters.is_empty() {
            url.query_pairs_mut().extend_pairs(parameters);
        }
        Ok(url)
    }

    /// What a problem says: `parameter: detail`.
    fn complaint(&self, status: StatusCode, said: &str) -> String {
        let problem: Option<Value> = serde_json::from_str(said).ok();
        let detail = problem.as_ref().and_then(|it| it.get("detail")?.as_str());
        match detail {
            Some(detail) => printable(detail),
            None => format!("{status}: {}", self.stranger()),
        }
    }

    fn stranger(&self) -> String {
        format!("{} does not answer as a video-telemetry server", self.url())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(base: &str, path: &[&str], parameters: &[(&str, &str)]) -> String {
        let server = Server::at(&base.parse().unwrap(), None).unwrap().unwrap();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let parameters = parameters.iter().map(owned).collect();
        server.place(path, &parameters).unwrap().into()
    }

    #[test]
    fn a_path_and_its_parameters_are_encoded_below_the_servers_own_path() {
        assert_eq!(
            place("http://h:1", &["live"], &[]),
            "http://h:1/api/v1/live"
        );
        assert_eq!(
            place(
                "http://h:1/qoe/",
                &["sessions", "a/b?ü%"],
                &[("filter", "a:eq:b&c=d e")]
            ),
            "http://h:1/qoe/api/v1/sessions/a%2Fb%3F%C3%BC%25?filter=a%3Aeq%3Ab%26c%3Dd+e"
        );
    }

    #[test]
    fn an_address_is_a_plain_url_and_an_empty_one_is_none() {
        assert!(Server::at(&"".parse().unwrap(), None).unwrap().is_none());
        for wrong in [
            "127.0.0.1:3000",
            "ftp://h",
            "https://h",
            "nonsense",
            "http:///",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_problem_is_told_by_its_detail_and_anything_else_by_its_status() {
        let server = Server::at(&"http://h".parse().unwrap(), None)
            .unwrap()
            .unwrap();
        let bad = StatusCode::BAD_REQUEST;
        let said = r#"{"detail":"limit: too\u001b[2J much"}"#;
        assert_eq!(server.complaint(bad, said), "limit: too\\u{1b}[2J much");
        let page = server.complaint(StatusCode::BAD_GATEWAY, "<html>");
        assert!(
            page.starts_with("502 Bad Gateway: http://h does not"),
            "{page}"
        );
    }
}
