//! Looking at the figures of a live session.

use tokio::time::sleep;

use super::script::Stage;
use super::{IDLE, IDLE_AND_SWEPT, MOMENT, World, event, events, key, letters};

#[actix::test]
async fn a_session_shows_what_it_has_folded_so_far() {
    let world = World::paused();
    assert!(world.registry.figures(&key("s")).await.unwrap().is_none());
    world.send("s", events(0..3)).await;
    let figures = world.registry.figures(&key("s")).await.unwrap().unwrap();
    assert_eq!((figures.summary.event_count, figures.stale), (3, false));
    // Three events, 100 ms apart.
    assert_eq!(figures.summary.session_ms, 200);
    world.gone("s").await;
    assert!(world.registry.figures(&key("s")).await.unwrap().is_none());
}

#[actix::test]
async fn an_event_that_came_late_makes_the_figures_stale_until_the_rows_are_folded() {
    let world = World::paused();
    world.send("s", vec![event(0), event(2)]).await;
    assert_eq!(letters(&world.send("s", vec![event(1)]).await), "A");
    let figures = world.registry.figures(&key("s")).await.unwrap().unwrap();
    assert!(figures.stale);
    world.gone("s").await;
    world.check("s", 3);
}

#[actix::test]
async fn looking_does_not_keep_a_session_alive() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    sleep(IDLE - MOMENT).await;
    assert!(world.registry.figures(&key("s")).await.unwrap().is_some());
    sleep(IDLE_AND_SWEPT - IDLE).await;
    assert!(!world.is_live("s"));
}

#[actix::test]
async fn what_is_not_committed_is_not_shown() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::WriteReply);
    let sent = world.post("s", events(2..4));
    world.store.script.arrived(Stage::WriteReply, 2).await;
    let figures = world.registry.figures(&key("s")).await.unwrap().unwrap();
    assert_eq!(figures.summary.event_count, 2);
    world.store.script.release(Stage::WriteReply);
    sent.await.unwrap().unwrap();
}

#[actix::test]
async fn a_session_that_is_being_folded_from_its_rows_is_busy() {
    let world = World::paused();
    world.send("s", vec![event(0), event(2)]).await;
    world.send("s", vec![event(1)]).await;
    world.store.script.hold(Stage::Replay);
    world.store.script.arrived(Stage::Replay, 1).await;
    assert!(world.registry.figures(&key("s")).await.is_err());
    world.store.script.release(Stage::Replay);
    world.gone("s").await;
    world.check("s", 3);
}
