//! The files of the web part, embedded in the binary: the plugin that sites load, the demo, and the
//! documentation page.
//!
//! `web/dist` is what `scripts/build` makes of `web/`. Without it the server works all the same, and
//! its pages say how to build them. A name is looked up among the embedded ones as it is, so no path
//! leads out of them. A text file has its gzipped twin beside it (`name.gz`), made when it was built.

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING,
    CONTENT_SECURITY_POLICY, ETag, Encoding, EntityTag, Header, IfNoneMatch, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use rust_embed::{Embed, EmbeddedFile};

use super::Problem;
use super::headers::CROSS_ORIGIN_RESOURCE_POLICY;

#[derive(Embed)]
#[folder = "web/dist"]
struct Files;

/// Sites load the plugin at every page view. A fixed one reaches their viewers within the hour, and
/// one that has not changed costs a 304.
const PLUGIN_CACHE: &str = "public, max-age=3600, stale-while-revalidate=86400";
/// The names of these files change with their content.
const ASSET_CACHE: &str = "public, max-age=31536000, immutable";
/// Kept, but asked for each time.
const PAGE_CACHE: &str = "no-cache";

/// hls.js plays from a blob and may work in one.
const DEMO_POLICY: &str = "default-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; \
    img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// Only files of this page, and the document that it shows.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// The plugin or its map, for pages of any site.
pub(super) async fn plugin(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let name = request.path().trim_start_matches('/');
    let Some(file) = Found::new(name, &request) else {
        return absent(&request);
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"))
        .insert_header((CACHE_CONTROL, PLUGIN_CACHE));
    Ok(file.answer(response, &request))
}

/// The demo's page at `/demo` and `/demo/`, its scripts and its media below it.
pub(super) async fn demo(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let name = match request.match_info().query("file") {
        "" => "demo/index.html",
        _ => request.path().trim_start_matches('/'),
    };
    let Some(file) = Found::new(name, &request) else {
        return absent(&request);
    };
    let cache = match name.starts_with("demo/assets/") {
        true => ASSET_CACHE,
        false => PAGE_CACHE,
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_SECURITY_POLICY, DEMO_POLICY))
        .insert_header((CACHE_CONTROL, cache));
    Ok(file.answer(response, &request))
}

/// The documentation page at `/api/docs` and `/api/docs/`, its files below it.
pub(super) async fn docs(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let name = match request.match_info().query("file") {
        "" => "docs/index.html",
        _ => request.path().strip_prefix("/api/").unwrap_or_default(),
    };
    let Some(file) = Found::new(name, &request) else {
        return absent(&request);
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_SECURITY_POLICY, DOCS_POLICY))
        .insert_header((CACHE_CONTROL, PAGE_CACHE));
    Ok(file.answer(response, &request))
}

/// An embedded file, as it is or gzipped.
struct Found {
    file: EmbeddedFile,
    content_type: &'static str,
    gzipped: bool,
}

impl Found {
    /// The representation that the request prefers.
    fn new(name: &str, request: &HttpRequest) -> Option<Self> {
        let content_type = content_type(name)?;
        let twin = accepts_gzip(request).then(|| Files::get(&format!("{name}.gz")));
        let gzipped = twin.flatten();
        Some(Self {
            content_type,
            gzipped: gzipped.is_some(),
            file: gzipped.or_else(|| Files::get(name))?,
        })
    }

    /// 200, or 304 to those who have it already. Each representation has its own `ETag`.
    fn answer(self, mut response: HttpResponseBuilder, request: &HttpRequest) -> HttpResponse {
        let tag = EntityTag::new_strong(hex(&self.file.metadata.sha256_hash()));
        let is_known = knows(request, &tag);
        response
            .insert_header(ETag(tag))
            .insert_header((VARY, "Accept-Encoding"))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
        if is_known {
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
        if self.gzipped {
            response.insert_header((CONTENT_ENCODING, "gzip"));
        }
        response
            .content_type(self.content_type)
            .body(self.file.data)
    }
}

/// By the name's end. What the build does not make is not served: not the twins by themselves either.
fn content_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "map" => "application/json",
        "md" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "m3u8" => "application/vnd.apple.mpegurl",
        "m4s" | "mp4" => "video/mp4",
        _ => return None,
    })
}

fn accepts_gzip(request: &HttpRequest) -> bool {
    let accepted = AcceptEncoding::parse(request).ok();
    let offered = [Encoding::gzip(), Encoding::identity()];
    accepted.and_then(|accepted| accepted.negotiate(offered.iter())) == Some(Encoding::gzip())
}

/// Whether the client has the representation of this tag.
pub(super) fn knows(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(tag)),
        Err(_unreadable) => false,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// No such file; or none at all, and how to get them.
fn absent(request: &HttpRequest) -> Result<HttpResponse, Problem> {
    // An older build of the web part may have some pages and lack others.
    let pages = ["demo/index.html", "docs/index.html", "telemetry-plugin.js"];
    if pages.iter().all(|page| Files::get(page).is_some()) {
        return Err(Problem::NotFound(request.path().to_owned()));
    }
    Ok(HttpResponse::NotFound()
        .content_type("text/plain; charset=utf-8")
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(
            "This server was built without its web part.\n\
            ./scripts/build builds both; then start the server again.\n",
        ))
}
