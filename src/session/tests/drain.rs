//! A server that stops.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::script::{SaveFault, Stage};
use super::{IDLE_AND_SWEPT, World, event, events, key};

#[actix::test]
async fn draining_writes_all_summaries_at_once() {
    let world = World::paused();
    for name in ["a", "b", "c"] {
        world.send(name, events(0..3)).await;
    }
    world.send("c", vec![event(9), event(8)]).await;
    world.send("c", vec![event(7)]).await;
    let start = Instant::now();
    assert!(world.registry.drain(Duration::from_secs(10)).await);
    assert!(start.elapsed() < Duration::from_secs(1));
    for (name, rows) in [("a", 3), ("b", 3), ("c", 6)] {
        world.check(name, rows);
    }
    assert!(world.registry.is_empty());
    assert_eq!(world.metric("live_sessions"), 0);
}

#[actix::test]
async fn draining_waits_for_what_is_in_flight() {
    let world = World::paused();
    world.store.script.hold(Stage::Write);
    let sent = world.post("s", events(0..3));
    world.store.script.arrived(Stage::Write, 1).await;
    let release = async {
        sleep(Duration::from_secs(3)).await;
        world.store.script.release(Stage::Write);
    };
    let drain = world.registry.drain(Duration::from_secs(10));
    let (drained, ()) = futures_util::join!(drain, release);
    assert!(drained);
    assert!(sent.is_finished());
    world.check("s", 3);
}

#[actix::test]
async fn at_the_deadline_draining_says_what_is_left() {
    let world = World::paused();
    world.send("a", events(0..3)).await;
    assert!(world.registry.drain(Duration::from_secs(2)).await);
    world.send("b", events(0..3)).await;
    world.send("c", events(0..3)).await;
    world.store.script.hold(Stage::Save);
    let start = Instant::now();
    assert!(!world.registry.drain(Duration::from_secs(2)).await);
    assert_eq!(start.elapsed().as_secs(), 2);
    assert_eq!(world.registry.len(), 2);
    world.check("a", 3);
    assert_eq!(world.store.stored(&key("b")).summary, None);
}

#[actix::test]
async fn draining_does_not_wait_for_a_long_backoff_to_end() {
    let world = World::paused();
    world.send("s", events(0..3)).await;
    let failures = [SaveFault::Fail; 6];
    world.store.script.saves.lock().unwrap().extend(failures);
    sleep(IDLE_AND_SWEPT + Duration::from_secs(40)).await;
    assert!(world.is_live("s"));
    let start = Instant::now();
    assert!(world.registry.drain(Duration::from_secs(10)).await);
    assert!(start.elapsed() < Duration::from_secs(2));
    world.check("s", 3);
}

#[actix::test]
async fn draining_does_not_hammer_a_database_that_is_away() {
    let world = World::paused();
    world.send("s", events(0..3)).await;
    let failures = [SaveFault::Fail; 1000];
    world.store.script.saves.lock().unwrap().extend(failures);
    assert!(!world.registry.drain(Duration::from_secs(10)).await);
    let tries = world.store.saves(&key("s")).len();
    assert!((5..=11).contains(&tries), "{tries} tries");
}
