//! Between the summary's write and the actor's end.

use tokio::time::sleep;

use super::script::{Stage, WriteFault};
use super::{IDLE, MOMENT, World, event, events, key, letters};

#[actix::test]
async fn an_event_between_the_summarys_write_and_the_leaving_is_in_the_final_summary() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::SaveReply);
    world.store.script.arrived(Stage::SaveReply, 1).await;
    world.check("s", 2);
    assert_eq!(letters(&world.send("s", vec![event(2)]).await), "A");
    world.store.script.release(Stage::SaveReply);
    sleep(MOMENT).await;
    assert!(world.is_live("s"), "the actor goes round again");
    world.gone("s").await;
    world.check("s", 3);
    let offered: Vec<i64> = world
        .store
        .saves(&key("s"))
        .iter()
        .map(|save| save.0)
        .collect();
    assert_eq!(offered, [2, 3]);
    assert_eq!(world.store.replays(&key("s")), 0, "its own fold was enough");
}

#[actix::test]
async fn an_event_at_the_writer_keeps_the_actor_from_leaving() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::SaveReply);
    world.store.script.hold(Stage::WriteReply);
    world.store.script.arrived(Stage::SaveReply, 1).await;
    let sent = world.post("s", vec![event(2)]);
    world.store.script.arrived(Stage::WriteReply, 2).await;
    world.store.script.release(Stage::SaveReply);
    sleep(IDLE * 2).await;
    assert!(world.is_live("s"));
    world.store.script.release(Stage::WriteReply);
    assert_eq!(letters(&sent.await.unwrap().unwrap().0), "A");
    world.gone("s").await;
    world.check("s", 3);
}

#[actix::test]
async fn an_event_before_the_guard_is_looked_at_has_the_session_folded_anew() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::Save);
    world.store.script.arrived(Stage::Save, 1).await;
    world.send("s", vec![event(2)]).await;
    world.store.script.release(Stage::Save);
    world.gone("s").await;
    world.check("s", 3);
}

#[actix::test]
async fn a_doubtful_write_between_the_summarys_write_and_the_leaving_is_looked_into() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::SaveReply);
    world.store.script.arrived(Stage::SaveReply, 1).await;
    let never = WriteFault::NeverAnswered;
    world.store.script.writes.lock().unwrap().push_back(never);
    assert_eq!(letters(&world.send("s", vec![event(2)]).await), "U");
    world.store.script.release(Stage::SaveReply);
    world.gone("s").await;
    world.check("s", 3);
}

#[actix::test]
async fn duplicates_between_the_summarys_write_and_the_leaving_cost_no_second_summary() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::SaveReply);
    world.store.script.arrived(Stage::SaveReply, 1).await;
    assert_eq!(letters(&world.send("s", events(0..2)).await), "DD");
    world.store.script.release(Stage::SaveReply);
    sleep(MOMENT).await;
    assert!(!world.is_live("s"));
    assert_eq!(world.store.saves(&key("s")).len(), 1);
}

#[actix::test]
async fn a_reopened_session_is_folded_anew_from_all_its_rows() {
    let world = World::paused();
    world.send("s", events(0..3)).await;
    world.gone("s").await;
    world.send("s", events(3..5)).await;
    world.gone("s").await;
    world.check("s", 5);
    assert_eq!(world.summaries("refolded"), 1);
}

#[actix::test]
async fn messages_wait_while_their_session_is_folded_from_its_rows_and_come_after() {
    let world = World::paused();
    world.send("s", vec![event(1), event(0)]).await;
    world.send("s", vec![event(3), event(2)]).await;
    world.store.commit_elsewhere(&key("s"), &[event(9)]);
    world.store.script.hold(Stage::Replay);
    world.store.script.arrived(Stage::Replay, 1).await;
    let sent = world.post("s", vec![event(4), event(10)]);
    sleep(IDLE).await;
    assert_eq!(world.store.writes(&key("s")), [2, 2], "it waits");
    world.store.script.release(Stage::Replay);
    assert_eq!(letters(&sent.await.unwrap().unwrap().0), "AA");
    world.gone("s").await;
    world.check("s", 7);
}

#[actix::test]
async fn a_client_that_leaves_while_its_message_waits_costs_nothing() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.commit_elsewhere(&key("s"), &[event(9)]);
    world.store.script.hold(Stage::Replay);
    world.store.script.arrived(Stage::Replay, 1).await;
    let sent = world.post("s", vec![event(10)]);
    sleep(MOMENT).await;
    sent.abort();
    sleep(MOMENT).await;
    world.store.script.release(Stage::Replay);
    // It would stay for ever if the message still counted as in flight.
    world.gone("s").await;
    world.check("s", 3);
    assert_eq!(
        world.store.writes(&key("s")),
        [2],
        "the message was skipped"
    );
}

#[actix::test]
async fn a_client_that_leaves_while_its_events_are_written_changes_nothing() {
    let world = World::paused();
    world.store.script.hold(Stage::Write);
    let sent = world.post("s", events(0..2));
    world.store.script.arrived(Stage::Write, 1).await;
    sent.abort();
    world.store.script.release(Stage::Write);
    world.gone("s").await;
    world.check("s", 2);
    assert_eq!(world.store.replays(&key("s")), 0);
}
