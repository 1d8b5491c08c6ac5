//! Erasing what two servers are receiving.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::{beside, event, hasty_server};
use crate::support::{Server, until};

/// Sends the session's events to one server after the other until both refuse them; tells how many
/// requests were taken.
async fn play(servers: &[&Server; 2], session_id: &str) -> usize {
    let mut taken = 0;
    let mut refused = [false; 2];
    for n in 0.. {
        if refused == [true; 2] {
            break;
        }
        let events: Vec<Value> = (0..3)
            .map(|k| event(session_id, "ann", 3 * n + k))
            .collect();
        let answer = servers[n % 2].telemetry(&events).await;
        match answer.status {
            200 => {
                assert!(!refused[n % 2], "a server that refuses goes on refusing");
                taken += 1;
            }
            400 => {
                assert_eq!(answer.json()["rejected"][2]["reason"], "erased");
                refused[n % 2] = true;
            }
            other => panic!("{other}: {}", answer.text),
        }
    }
    taken
}

#[actix_web::test]
async fn a_session_that_two_servers_receive_is_gone_and_stays_gone() {
    let one = hasty_server().await;
    let two = beside(&one).await;
    let servers = [&one, &two];
    let database = &one.database;
    let erasing = async {
        until("both have taken events", async || {
            let rows = database.count("SELECT FROM telemetry_events WHERE session_id = 'erased'");
            (rows.await > 30).then_some(())
        })
        .await;
        one.erase("sessions/erased").await
    };
    let stop = Arc::new(AtomicBool::new(false));
    let others = async {
        let mut n = 0;
        while !stop.load(Ordering::SeqCst) {
            servers[n % 2]
                .telemetry(&[event("kept", "bob", n)])
                .await
                .took(1, 0, 0);
            n += 1;
        }
        n
    };
    let erased = async {
        let (taken, answer) = futures_util::join!(play(&servers, "erased"), erasing);
        assert!(taken > 10);
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.json()["events"].as_u64().unwrap() > 30);
        database.finished(1).await;
        stop.store(true, Ordering::SeqCst);
    };
    let (kept, ()) = futures_util::join!(others, erased);
    assert_eq!(database.traces("ann").await, Vec::<String>::new());
    for server in servers {
        server.refuses_erased("erased").await;
    }
    // Nobody writes its summary, now or when the servers stop.
    until("the other has its summary", async || {
        let whole = format!("SELECT FROM session_summaries WHERE event_count = {kept}");
        (database.count(&whole).await == 1).then_some(())
    })
    .await;
    one.application.stop().await.unwrap();
    two.application.stop().await.unwrap();
    assert_eq!(database.traces("ann").await, Vec::<String>::new());
    assert_eq!(database.count("SELECT FROM session_summaries").await, 1);
    database.verified();
}
