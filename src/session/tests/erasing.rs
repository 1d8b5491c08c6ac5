//! Sessions that are erased while they are live.

use tokio::time::sleep;

use super::script::Stage;
use super::{IDLE, MOMENT, World, event, events, eventually, key, letters};

impl World {
    /// As the server does when it learns of a tombstone.
    fn erase(&self, name: &str) {
        self.store.erase(&key(name));
        self.registry.evict_erased();
    }
}

#[actix::test]
async fn events_of_an_erased_session_are_refused_and_start_no_actor() {
    let world = World::paused();
    world.erase("s");
    assert_eq!(letters(&world.send("s", events(0..3)).await), "EEE");
    assert!(!world.is_live("s"));
    assert_eq!(world.store.stored(&key("s")).rows.len(), 0);
    assert_eq!(letters(&world.send("t", events(0..1)).await), "A");
}

#[actix::test]
async fn an_erased_session_leaves_at_once_and_without_a_summary() {
    let world = World::paused();
    world.send("s", events(0..3)).await;
    world.send("t", events(0..3)).await;
    world.erase("s");
    let shown = world.registry.figures(&key("s")).await.unwrap();
    assert_eq!(shown.map_or(0, |it| it.summary.event_count), 0);
    world.gone_within("s", IDLE / 2).await;
    assert_eq!(world.store.saves(&key("s")), []);
    world.gone("t").await;
    world.check("t", 3);
}

#[actix::test]
async fn what_was_being_written_is_told_as_erased_and_not_folded() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::WriteReply);
    let sent = world.post("s", events(2..4));
    world.store.script.arrived(Stage::WriteReply, 2).await;
    world.erase("s");
    world.store.script.release(Stage::WriteReply);
    assert_eq!(letters(&sent.await.unwrap().unwrap().0), "EE");
    world.gone("s").await;
    assert_eq!(world.store.saves(&key("s")), []);
    assert_eq!(world.metric("live_sessions"), 0);
}

#[actix::test]
async fn a_message_that_waited_while_its_session_was_erased_is_refused() {
    let world = World::paused();
    world.send("s", vec![event(1), event(0)]).await;
    world.store.commit_elsewhere(&key("s"), &[event(9)]);
    world.store.script.hold(Stage::Replay);
    world.store.script.arrived(Stage::Replay, 1).await;
    let sent = world.post("s", events(2..4));
    sleep(MOMENT).await;
    world.erase("s");
    world.store.script.release(Stage::Replay);
    assert_eq!(letters(&sent.await.unwrap().unwrap().0), "EE");
    world.gone("s").await;
    let stored = world.store.stored(&key("s"));
    assert_eq!((stored.rows.len(), stored.summary), (0, None));
}

#[actix::test]
async fn a_summary_under_way_does_not_keep_an_erased_session() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::Save);
    world.store.script.arrived(Stage::Save, 1).await;
    world.erase("s");
    world.store.script.release(Stage::Save);
    world.gone("s").await;
    assert_eq!(world.store.stored(&key("s")).summary, None);
    eventually("nobody is live", || world.metric("live_sessions") == 0).await;
}
