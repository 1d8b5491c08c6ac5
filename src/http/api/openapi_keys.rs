//! Keys, for the `OpenAPI` document: how they are sent, and what is answered to who has none.

use serde_json::{Value, json};

/// Either may be used.
pub(super) fn schemes() -> Value {
    json!({
        "bearerKey": {
            "type": "http", "scheme": "bearer",
            "description": "A key of `video-telemetry keys create`: a write key for /telemetry, an erase key for DELETE, a read key for all else",
        },
        "headerKey": {
            "type": "apiKey", "in": "header", "name": "X-Telemetry-Key",
            "description": "The same key, where a proxy takes Authorization for itself",
        },
    })
}

/// Whether an operation asks for a key at all, once there are keys.
fn needs_key(method: &str, path: &str) -> bool {
    let reads = path.starts_with("/api/v1/") || path == "/metrics";
    reads || (path == "/telemetry" && method == "post")
}

/// Adds what holds for every operation that asks for a key.
pub(super) fn complete(method: &str, path: &str, operation: &mut Value) {
    if !needs_key(method, path) {
        return;
    }
    let Some(operation) = operation.as_object_mut() else {
        return;
    };
    // The empty one: without keys nothing is asked for.
    let security = json!([{"bearerKey": []}, {"headerKey": []}, {}]);
    operation.insert("security".to_owned(), security);
    let responses = operation.entry("responses").or_insert_with(|| json!({}));
    let Some(responses) = responses.as_object_mut() else {
        return;
    };
    for (status, description, header) in [
        ("400", "Two keys that differ were sent", ("", Value::Null)),
        (
            "401",
            "A key is needed, and none or an unknown one was sent",
            ("www-authenticate", json!({"type": "string"})),
        ),
        (
            "403",
            "The key was revoked, or is of another kind",
            ("", Value::Null),
        ),
        (
            "429",
            "The key's own allowance is used up: ask again after Retry-After",
            ("retry-after", json!({"type": "integer", "minimum": 1})),
        ),
    ] {
        let content = json!({"schema": {"$ref": "#/components/schemas/ProblemBody"}});
        let mut told = json!({"description": description});
        if let Some(response) = told.as_object_mut() {
            if !header.0.is_empty() {
                let headers = json!({header.0: {"schema": header.1}});
                response.insert("headers".to_owned(), headers);
            }
            let content = json!({"application/problem+json": content});
            response.insert("content".to_owned(), content);
        }
        // Of most operations 400 tells more.
        responses.entry(status).or_insert(told);
    }
}
