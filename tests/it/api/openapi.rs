//! The OpenAPI document: it is what the code makes, tells every route and every parameter, and its
//! examples are real answers.

pub mod examples;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::Value;

use super::server;
use crate::command;

const PAGE: &str = "/api/openapi.json";
const FILE: &str = "docs/openapi.json";
/// Pages for people and their files: no part of the interface for programs.
const SITE: [&str; 6] = [
    "/telemetry-plugin.js",
    "/telemetry-plugin.js.map",
    "/demo",
    "/demo/{file:.*}",
    "/api/docs",
    "/api/docs/{file:.*}",
];

fn document() -> Value {
    serde_json::from_str(&video_telemetry::http::document()).unwrap()
}

/// Every operation: its method, its path and what is told of it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            all.push((method.clone(), path.clone(), operation.clone()));
        }
    }
    all
}

#[test]
fn the_committed_document_is_what_the_code_makes() {
    let committed = fs::read_to_string(root().join(FILE)).unwrap_or_default();
    assert!(
        committed == video_telemetry::http::document(),
        "{FILE} is not what the code makes; this makes it anew: cargo run -- openapi > {FILE}"
    );
}

#[actix_web::test]
async fn server_and_command_line_tell_the_same_document() {
    let server = server().await;
    let answer = server.send(Method::GET, PAGE, &[], "").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json"))
    );
    assert!(answer.text == video_telemetry::http::document());
    let tag = answer.header("etag").unwrap().to_owned();
    let again = server
        .send(Method::GET, PAGE, &[("if-none-match", &tag)], "")
        .await;
    assert_eq!((again.status, again.text.as_str()), (304, ""));
    server.application.stop().await.unwrap();
    let printed = command::run("postgres://nobody@localhost:1/none", &["openapi"]).await;
    assert!(printed.ended(0) == answer.text);
}

#[test]
fn every_route_is_in_the_document_and_every_path_of_it_is_a_route() {
    let mut routes = BTreeSet::new();
    for file in rust_files(&root().join("src/http")) {
        let text = fs::read_to_string(&file).unwrap();
        for begin in ["page(\"", "web::resource(\""] {
            for piece in text.split(begin).skip(1) {
                routes.insert(piece.split('"').next().unwrap().to_owned());
            }
        }
    }
    for page in SITE {
        routes.remove(page);
    }
    let document = document();
    let paths = document["paths"].as_object().unwrap().keys().cloned();
    assert_eq!(paths.collect::<BTreeSet<_>>(), routes);
    assert!(routes.len() > 10);
}

#[actix_web::test]
async fn the_parameters_that_are_told_are_those_that_are_known() {
    let server = server().await;
    for (method, path, operation) in operations(&document()) {
        // What is erased takes no parameters but the path's.
        if !path.starts_with("/api/") || method == "delete" {
            continue;
        }
        assert_eq!(method, "get");
        let mut told = BTreeSet::new();
        let mut asked = path.clone();
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = parameter["name"].as_str().unwrap();
            assert!(
                !parameter["description"].as_str().unwrap().is_empty(),
                "{path} {name}"
            );
            if parameter["in"] == "path" {
                let value = match name {
                    "metric" => "startup_ms",
                    "dimension" => "browser",
                    "format" => "csv",
                    _ => "look",
                };
                asked = asked.replace(&format!("{{{name}}}"), value);
            } else {
                told.insert(name.to_owned());
            }
        }
        // No name is like this one, so all that are known are listed.
        let answer = server.ask(&asked, &[("0", "1")]).await;
        let problem = answer.is_problem(400, "invalid_parameter");
        let detail = problem["detail"].as_str().unwrap();
        let known = detail.split_once("known are ").map(|(_, known)| known);
        let known = known.unwrap_or_else(|| {
            assert!(detail.ends_with("none is known here"), "{detail}");
            ""
        });
        let known = known.split(", ").filter(|name| !name.is_empty());
        assert_eq!(told, known.map(str::to_owned).collect(), "{path}");
    }
    server.application.stop().await.unwrap();
}

#[test]
fn names_are_unique_references_lead_somewhere_and_every_answer_is_described() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = BTreeMap::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert_eq!(ids.insert(id, (method, path.clone())), None);
        assert!(operation["summary"].is_string(), "{path}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            let description = response["description"].as_str().unwrap();
            assert!(!description.is_empty(), "{path} {status}");
        }
    }
    let text = document.to_string();
    for piece in text.split("\"$ref\":\"#").skip(1) {
        let place = piece.split('"').next().unwrap();
        assert!(
            document.pointer(place).is_some(),
            "there is nothing at {place}"
        );
    }
}

#[test]
fn every_code_of_a_problem_is_told() {
    let mut codes = BTreeSet::new();
    for file in ["problem.rs", "refusal.rs"] {
        let source = fs::read_to_string(root().join("src/http").join(file)).unwrap();
        let code = source.split("pub fn code(&self)").nth(1).unwrap();
        let code = code.split("\n    }\n").next().unwrap();
        let names = code.split("=> \"").skip(1);
        codes.extend(names.map(|piece| piece.split('"').next().unwrap().to_owned()));
    }
    let document = document();
    let told = document
        .pointer("/components/schemas/ProblemBody/properties/code")
        .unwrap()
        .to_string();
    let told = told
        .split("\"enum\":[")
        .nth(1)
        .unwrap()
        .split(']')
        .next()
        .unwrap();
    let told = told
        .split(',')
        .map(|code| code.trim_matches('"').to_owned());
    assert_eq!(codes, told.collect());
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else {
            files.push(path);
        }
    }
    files
}
