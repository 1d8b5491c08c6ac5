//! Actors that die of a panic, or with their thread.

use std::sync::Arc;

use actix::Arbiter;
use tokio::sync::oneshot;
use tokio::time::sleep;

use super::script::{ReplayFault, SaveFault, Script, Stage, WriteFault};
use super::{IDLE, IDLE_AND_SWEPT, MOMENT, World, event, events, eventually, key, letters};

#[actix::test]
async fn a_panic_ends_one_actor_and_the_message_goes_to_the_next() {
    let world = World::paused();
    world.send("other", events(0..2)).await;
    world.send("s", events(0..2)).await;
    let panic = WriteFault::PanicBefore;
    world.store.script.writes.lock().unwrap().push_back(panic);
    assert_eq!(letters(&world.send("s", events(2..4)).await), "AA");
    assert_eq!(letters(&world.send("other", events(2..4)).await), "AA");
    assert_eq!(world.metric("live_sessions"), 2);
    world.gone("s").await;
    world.gone("other").await;
    world.check("s", 4);
    world.check("other", 4);
    assert_eq!(world.store.replays(&key("other")), 0);
    assert_eq!(world.metric("live_sessions"), 0);
}

#[actix::test]
async fn a_panic_after_the_commit_leaves_no_session_without_its_summary() {
    let world = World::paused();
    let panic = WriteFault::PanicAfter;
    world.store.script.writes.lock().unwrap().push_back(panic);
    assert_eq!(letters(&world.send("s", events(0..3)).await), "DDD");
    world.gone("s").await;
    world.check("s", 3);
}

#[actix::test]
async fn what_a_dead_actor_had_folded_is_in_the_summary_though_only_duplicates_follow() {
    let world = World::paused();
    world.send("s", events(0..3)).await;
    let panics = [WriteFault::PanicBefore; 2];
    world.store.script.writes.lock().unwrap().extend(panics);
    let delivery = world.post("s", events(0..1)).await.unwrap();
    assert!(delivery.is_none(), "sent twice, and both actors died of it");
    assert_eq!(letters(&world.send("s", events(0..3)).await), "DDD");
    world.gone("s").await;
    world.check("s", 3);
}

#[actix::test]
async fn messages_that_wait_behind_a_panic_reach_the_next_actor() {
    let world = World::paused();
    world.send("s", vec![event(1)]).await;
    world.send("s", vec![event(0)]).await;
    world.store.script.hold(Stage::Replay);
    let panic = ReplayFault::Panic;
    world.store.script.replays.lock().unwrap().push_back(panic);
    world.store.script.arrived(Stage::Replay, 1).await;
    let sent: Vec<_> = (2..40).map(|n| world.post("s", vec![event(n)])).collect();
    sleep(MOMENT).await;
    world.store.script.release(Stage::Replay);
    for sent in sent {
        assert_eq!(letters(&sent.await.unwrap().unwrap().0), "A");
    }
    world.gone("s").await;
    world.check("s", 40);
}

#[actix::test]
async fn a_write_that_outlives_its_actor_is_in_the_summary() {
    let world = World::paused();
    world.store.script.hold(Stage::Write);
    let faults = [WriteFault::PanicBefore];
    world.store.script.writes.lock().unwrap().extend(faults);
    let first = world.post("s", events(0..2));
    let second = world.post("s", events(2..4));
    world.store.script.arrived(Stage::Write, 1).await;
    world.store.script.release(Stage::Write);
    assert_eq!(letters(&first.await.unwrap().unwrap().0), "AA");
    let second = letters(&second.await.unwrap().unwrap().0);
    assert!(second == "AA" || second == "DD", "{second}");
    world.gone("s").await;
    world.check("s", 4);
}

#[actix::test]
async fn a_dead_actor_does_not_stay_in_the_map() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    let panic = SaveFault::Panic;
    world.store.script.saves.lock().unwrap().push_back(panic);
    sleep(IDLE_AND_SWEPT * 2).await;
    assert!(!world.is_live("s"), "recovery looks after it");
    assert_eq!(world.metric("live_sessions"), 0);
    assert_eq!(world.metric("lost_actors_total"), 1);
    assert_eq!(letters(&world.send("s", events(1..3)).await), "DA");
    world.gone("s").await;
    world.check("s", 3);
}

#[actix::test]
async fn a_message_that_meets_a_stopping_actor_is_sent_once_more() {
    let world = World::new(Script::default(), IDLE);
    let arbiter = Arbiter::new();
    let (started, start) = oneshot::channel();
    let registry = Arc::clone(&world.registry);
    arbiter.spawn(async move {
        started
            .send(registry.deliver(key("s"), events(0..2)).await)
            .ok();
    });
    assert_eq!(letters(&start.await.unwrap().unwrap().0), "AA");

    world.store.script.hold(Stage::WriteReply);
    let sent = world.post("s", events(2..4));
    world.store.script.arrived(Stage::WriteReply, 2).await;
    arbiter.stop();
    // The actor died with its thread; the message comes back and starts one here.
    eventually("the message is sent again", || {
        world.store.writes(&key("s")).len() == 3
    })
    .await;
    world.store.script.release(Stage::WriteReply);
    assert_eq!(letters(&sent.await.unwrap().unwrap().0), "DD");
    assert!(arbiter.join().is_ok());
    assert!(world.registry.drain(super::PATIENCE).await);
    world.check("s", 4);
}
