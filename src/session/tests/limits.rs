//! How many sessions may be live, and what becomes of one too many.

use std::time::Duration;

use super::script::Script;
use super::{IDLE, Limits, MOMENT, World, event, events, key, letters, sweep};
use tokio::time::sleep;

fn world(max_live_sessions: usize, max_session_events: usize) -> World {
    tokio::time::pause();
    let limits = Limits {
        max_live_sessions,
        max_session_events,
    };
    World::limited(Script::default(), IDLE, limits)
}

#[actix::test]
async fn when_as_many_sessions_are_live_as_may_be_another_finds_no_room_and_they_go_on() {
    let world = world(3, 100);
    for name in ["a", "b", "c"] {
        assert_eq!(letters(&world.send(name, events(0..2)).await), "AA");
    }
    assert_eq!(letters(&world.send("d", events(0..2)).await), "NN");
    assert!(!world.is_live("d"));
    assert_eq!(letters(&world.send("a", events(1..3)).await), "DA");
    assert_eq!(world.registry.len(), 3);
    assert_eq!(world.metric("sessions_refused_total"), 1);
    assert_eq!(world.metric("live_sessions"), 3);
    assert!(world.store.stored(&key("d")).rows.is_empty());
}

#[actix::test]
async fn a_session_that_has_left_makes_room_for_another() {
    let world = world(1, 100);
    world.send("a", events(0..2)).await;
    assert_eq!(letters(&world.send("b", events(0..2)).await), "NN");
    actix::spawn(sweep(std::sync::Arc::clone(&world.registry)));
    world.gone("a").await;
    world.check("a", 2);
    assert_eq!(letters(&world.send("b", events(0..2)).await), "AA");
    assert_eq!(world.registry.len(), 1);
}

#[actix::test]
async fn however_many_come_at_once_no_more_are_live_than_may_be() {
    let world = world(7, 100);
    let posted: Vec<_> = (0..50)
        .map(|n| world.post(&format!("s{n}"), events(0..3)))
        .collect();
    let mut told = String::new();
    for post in posted {
        told += &letters(&post.await.unwrap().unwrap().0);
    }
    assert_eq!(told.matches("AAA").count(), 7, "{told}");
    assert_eq!(told.matches("NNN").count(), 43, "{told}");
    assert_eq!(world.registry.len(), 7);
}

#[actix::test]
async fn where_room_is_scarce_idle_sessions_are_closed_early_with_their_summaries() {
    let world = world(10, 100);
    actix::spawn(sweep(std::sync::Arc::clone(&world.registry)));
    for n in 0..9 {
        world.send(&format!("s{n}"), events(0..2)).await;
    }
    // At nine tenths nobody is hurried.
    sleep(IDLE / 2).await;
    assert_eq!(world.registry.len(), 9);
    world.send("tenth", events(0..2)).await;
    // A sweep is a tenth of the time-out away.
    sleep(IDLE / 10 + Duration::from_millis(100)).await;
    for n in 0..9 {
        assert!(!world.is_live(&format!("s{n}")));
        world.check(&format!("s{n}"), 2);
    }
    assert!(world.is_live("tenth"), "it was not idle for long enough");
    // One that was closed early and goes on ends as if it had not been.
    world.send("s3", vec![event(2)]).await;
    world.gone("s3").await;
    world.check("s3", 3);
}

#[actix::test]
async fn the_bound_on_a_sessions_events_is_as_it_was_set() {
    let world = world(10, 5);
    let fates = world.send("s", events(0..8)).await;
    assert_eq!(letters(&fates), "AAAAAFFF");
    let full = format!("{:?}", fates[7]);
    assert!(full.contains("the session has its 5 events"), "{full}");
    sleep(MOMENT).await;
    assert_eq!(letters(&world.send("s", vec![event(9)]).await), "F");
    assert_eq!(letters(&world.send("other", events(0..5)).await), "AAAAA");
}
