//! What the server serves to browsers from the binary itself: the plugin, the demo
//! and the documentation page.
//!
//! These tests are about the web part as it was built, so it must be: `./scripts/build`, or `npm run
//! build` in `web/`, before the tests are compiled.

use std::collections::BTreeSet;

use reqwest::Method;

use crate::answers::{Answer, RawClient};
use crate::support::{Server, server};

/// A server with its web part.
async fn site() -> Server {
    let server = server().await;
    let page = get(&server, "/demo").await;
    assert!(
        !page.text.contains("./scripts/build"),
        "these tests need the web part: run `npm ci && npm run build` in web/"
    );
    server
}

async fn get(server: &Server, path: &str) -> Answer {
    server.send(Method::GET, path, &[], "").await
}

#[actix_web::test]
async fn any_site_can_load_the_plugin() {
    let server = site().await;
    for (path, content_type) in [
        ("/telemetry-plugin.js", "text/javascript; charset=utf-8"),
        ("/telemetry-plugin.js.map", "application/json"),
    ] {
        let plugin = get(&server, path).await;
        assert_eq!(plugin.status, 200, "{path}");
        for (header, expected) in [
            ("content-type", content_type),
            ("access-control-allow-origin", "*"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("x-content-type-options", "nosniff"),
            ("vary", "Accept-Encoding"),
        ] {
            assert_eq!(plugin.header(header), Some(expected), "{header} of {path}");
        }
        assert!(
            plugin
                .header("cache-control")
                .unwrap()
                .contains("max-age=3600")
        );
        assert!(!plugin.text.is_empty());
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_a_browser_has_it_does_not_get_again() {
    let server = site().await;
    for path in ["/telemetry-plugin.js", "/demo", "/demo/media/master.m3u8"] {
        let first = get(&server, path).await;
        let tag = first.header("etag").unwrap();
        assert!(tag.starts_with('"') && tag.len() == 66, "{tag} is strong");
        for known in [tag, &format!("\"other\", {tag}"), &format!("W/{tag}"), "*"] {
            let headers = [("if-none-match", known)];
            let again = server.send(Method::GET, path, &headers, "").await;
            assert_eq!(
                (again.status, again.text.as_str()),
                (304, ""),
                "{path} {known}"
            );
            for header in ["etag", "cache-control", "vary"] {
                assert_eq!(again.header(header), first.header(header), "{header}");
            }
        }
        let headers = [("if-none-match", "\"other\"")];
        let changed = server.send(Method::GET, path, &headers, "").await;
        assert_eq!((changed.status, changed.text), (200, first.text));
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_plugin_comes_gzipped_to_those_who_take_it() {
    let server = site().await;
    let path = "/telemetry-plugin.js";
    let plain = get(&server, path).await;
    assert_eq!(plain.header("content-encoding"), None);
    for (accepted, gzipped) in [
        ("gzip", true),
        ("br, gzip;q=0.5", true),
        ("gzip;q=0", false),
        ("br", false),
        ("identity", false),
        ("nonsense;;q=x", false),
    ] {
        let headers = [("accept-encoding", accepted)];
        let answer = server
            .client
            .get(server.url(path))
            .header(headers[0].0, accepted);
        let answer = answer.send().await.unwrap();
        let encoding = answer.headers().get("content-encoding").cloned();
        let tag = answer.headers()["etag"].to_str().unwrap().to_owned();
        let mut body = answer.bytes().await.unwrap().to_vec();
        assert_eq!(encoding.is_some(), gzipped, "{accepted}");
        assert_eq!(
            Some(tag.as_str()) != plain.header("etag"),
            gzipped,
            "a tag of its own"
        );
        if gzipped {
            body = unzipped(&body);
        }
        assert_eq!(body, plain.text.as_bytes(), "{accepted}");
    }
    server.application.stop().await.unwrap();
}

fn unzipped(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut plain).unwrap();
    plain
}

#[actix_web::test]
async fn the_demo_and_every_file_it_names_are_there() {
    let server = site().await;
    let page = get(&server, "/demo").await;
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'self'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(get(&server, "/demo/").await.text, page.text);
    let named: BTreeSet<&str> = ["src=\"", "href=\""]
        .iter()
        .flat_map(|attribute| page.text.split(attribute).skip(1))
        .filter_map(|rest| rest.split('"').next())
        .filter(|target| target.starts_with('/'))
        .collect();
    assert!(named.iter().any(|name| name.ends_with(".js")), "{named:?}");
    assert!(named.iter().any(|name| name.ends_with(".css")), "{named:?}");
    for name in named {
        let file = get(&server, name).await;
        assert_eq!(file.status, 200, "{name}");
        assert_eq!(
            file.header("cache-control").unwrap().contains("immutable"),
            name.starts_with("/demo/assets/")
        );
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_documentation_page_has_all_it_names_and_may_load_nothing_else() {
    let server = site().await;
    let page = get(&server, "/api/docs").await;
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; script-src 'self'; "),
        "{policy}"
    );
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(get(&server, "/api/docs/").await.text, page.text);
    let mut files = 0;
    for attribute in ["src=\"", "href=\""] {
        for rest in page.text.split(attribute).skip(1) {
            let target = rest.split('"').next().unwrap();
            assert!(target.starts_with("/api/"), "{target}");
            assert_eq!(get(&server, target).await.status, 200, "{target}");
            files += 1;
        }
    }
    assert!(files >= 6, "{files}");
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn the_demo_s_stream_is_there_down_to_its_last_segment() {
    let server = site().await;
    let playlist_type = Some("application/vnd.apple.mpegurl");
    let master = get(&server, "/demo/media/master.m3u8").await;
    assert_eq!(master.header("content-type"), playlist_type);
    let renditions: Vec<&str> = files_named(&master.text).collect();
    assert_eq!(
        renditions,
        ["180p/index.m3u8", "360p/index.m3u8", "540p/index.m3u8"]
    );
    for rendition in renditions {
        let folder = format!("/demo/media/{}", rendition.trim_end_matches("index.m3u8"));
        let playlist = get(&server, &format!("{folder}index.m3u8")).await;
        assert_eq!(playlist.header("content-type"), playlist_type);
        let segments: Vec<&str> = files_named(&playlist.text).collect();
        // 48 s in segments of 2 s.
        assert_eq!(segments.len(), 24);
        for name in segments.into_iter().chain(["init.mp4"]) {
            let url = server.url(&format!("{folder}{name}"));
            let segment = server.client.get(url).send().await.unwrap();
            assert_eq!(segment.status(), 200, "{folder}{name}");
            assert_eq!(segment.headers()["content-type"], "video/mp4");
            let bytes = segment.bytes().await.unwrap();
            // The type of an MP4 file's first box.
            assert!(
                [&b"ftyp"[..], b"styp", b"moof"].contains(&&bytes[4..8]),
                "{name}"
            );
        }
    }
    server.application.stop().await.unwrap();
}

/// The lines of a playlist that are no tags.
fn files_named(playlist: &str) -> impl Iterator<Item = &str> {
    playlist
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[actix_web::test]
async fn head_says_what_get_says_without_the_body() {
    let server = site().await;
    for path in ["/telemetry-plugin.js", "/demo", "/demo/media/180p/init.mp4"] {
        let url = server.url(path);
        let head = server.client.head(&url).send().await.unwrap();
        let get = server.client.get(&url).send().await.unwrap();
        assert_eq!(head.status(), 200);
        let (mut of_head, mut of_get) = (head.headers().clone(), get.headers().clone());
        for headers in [&mut of_head, &mut of_get] {
            headers.remove("date");
        }
        assert_eq!(of_head, of_get, "{path}");
        let length = get.bytes().await.unwrap().len();
        assert_eq!(of_head["content-length"], length.to_string());
        assert!(head.bytes().await.unwrap().is_empty());
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn what_is_not_embedded_is_not_there() {
    let server = site().await;
    for path in [
        "/demo/nothing.js",
        "/demo/assets/",
        "/demo/media",
        "/demo/.gitkeep",
        "/demo/index.html.gz",
        "/demo/index.html/",
        "/demo//index.html",
        "/api/docs/nothing.js",
        "/api/docs/index.html.gz",
        "/api/docs/../demo/index.html",
        "/telemetry-plugin.js.gz",
        "/telemetry-plugin.css",
    ] {
        get(&server, path).await.is_problem(404, "not_found");
    }
    // By hand: clients tidy up such paths before they send them.
    for path in [
        "/demo/../telemetry-plugin.js",
        "/demo/../../../Cargo.toml",
        "/demo/..%2f..%2fCargo.toml",
        "/demo/%2e%2e/%2e%2e/Cargo.toml",
        "/demo//etc/passwd",
        "/demo/%00.js",
        "/demo/..%5c..%5cCargo.toml",
    ] {
        let mut client = RawClient::connect(&server).await;
        client
            .send(&format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n"))
            .await;
        assert_eq!(client.status().await, 404, "{path}");
    }
    server.application.stop().await.unwrap();
}

#[actix_web::test]
async fn files_are_only_read() {
    let server = site().await;
    for path in [
        "/telemetry-plugin.js",
        "/telemetry-plugin.js.map",
        "/demo",
        "/demo/x",
    ] {
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let answer = server.send(method, path, &[], "").await;
            answer.is_problem(405, "method_not_allowed");
            assert_eq!(answer.header("allow"), Some("GET, HEAD"));
        }
    }
    server.application.stop().await.unwrap();
}
