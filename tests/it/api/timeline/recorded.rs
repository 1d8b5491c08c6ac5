//! Timelines of recorded playbacks, against their summaries.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Value, json};
use video_telemetry::qoe::Part;

use super::super::server;
use super::{restarted, send, story};
use crate::support::Server;

/// Sends every recorded playback, as the original client and as our plugin tell it.
async fn send_recorded(server: &Server) {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    for folder in ["traces", "plugin"] {
        for entry in std::fs::read_dir(fixtures.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let recorded: Value =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            let mut events: Vec<Value> = match recorded["sessions"].as_array() {
                Some(sessions) => sessions
                    .iter()
                    .flat_map(|session| session["events"].as_array().unwrap().clone())
                    .collect(),
                None => recorded.as_array().unwrap().clone(),
            };
            // The stored order is not the order of arrival.
            events.reverse();
            for batch in events.chunks(500) {
                send(server, batch.to_vec()).await;
            }
        }
    }
}

#[actix_web::test]
async fn the_spans_of_recorded_playbacks_add_up_to_their_summaries() {
    let server = server().await;
    send_recorded(&server).await;
    let server = restarted(server).await;
    let summaries = server
        .database
        .rows("SELECT * FROM session_summaries")
        .await;
    assert_eq!(
        summaries.len(),
        40,
        "19 playbacks, 20 sessions, told in two ways"
    );
    for summary in summaries {
        let id = summary["session_id"].as_str().unwrap();
        let told = story(&server, id, "raw").await;
        assert_eq!(
            (&told["status"], &told["partial"]),
            (&json!("finished"), &json!(false))
        );
        for field in ["session_ms", "event_count"] {
            assert_eq!(told[field], summary[field], "{field} of {id}");
        }
        check_spans(&told, &summary);
        let dropped = told["series"]["dropped_frames"]["value"]
            .as_array()
            .unwrap();
        let sum: i64 = dropped.iter().map(|frames| frames.as_i64().unwrap()).sum();
        assert_eq!(sum, summary["dropped_frames"].as_i64().unwrap_or(0), "{id}");
        let bitrates = told["series"]["bitrate_kbps"]["value"].as_array().unwrap();
        let most = bitrates.iter().filter_map(Value::as_i64).max();
        assert_eq!(most, summary["max_bitrate_kbps"].as_i64(), "{id}");
    }
    server.application.stop().await.unwrap();
}

fn check_spans(told: &Value, summary: &Value) {
    let mut sums: HashMap<&str, i64> = HashMap::new();
    let mut end_ms = 0;
    for span in told["spans"].as_array().unwrap() {
        assert_eq!(span["at_ms"], end_ms, "{span}");
        let fed = span["fed"].as_object().unwrap();
        let lasted_ms: i64 = fed.values().map(|ms| ms.as_i64().unwrap()).sum();
        assert_eq!(span["lasted_ms"], lasted_ms, "{span}");
        end_ms += lasted_ms;
        for (column, ms) in fed {
            *sums.entry(column).or_default() += ms.as_i64().unwrap();
        }
    }
    assert_eq!(summary["session_ms"], end_ms);
    for column in Part::ALL.map(Part::column) {
        let sum = sums.get(column).copied().unwrap_or(0);
        assert_eq!(
            summary[column].as_i64().unwrap_or(0),
            sum,
            "{column} of {summary}"
        );
    }
}
