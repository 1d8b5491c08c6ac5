//! What others do to a session: other servers, recovery, lost replies.

use tokio::time::sleep;

use super::script::{SaveFault, Stage, WriteFault};
use super::{IDLE, World, event, events, key, letters};

#[actix::test]
async fn a_reply_lost_after_the_commit_has_the_summary_come_from_the_rows() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    let lost = WriteFault::ReplyLost;
    world.store.script.writes.lock().unwrap().push_back(lost);
    assert_eq!(letters(&world.send("s", events(2..4)).await), "DD");
    world.send("s", events(4..5)).await;
    world.gone("s").await;
    world.check("s", 5);
    assert_eq!(world.store.replays(&key("s")), 1);
}

#[actix::test]
async fn a_session_of_lost_replies_only_gets_its_summary() {
    let world = World::paused();
    for (name, fault) in [
        ("a", WriteFault::ReplyLost),
        ("b", WriteFault::NeverAnswered),
        ("c", WriteFault::WriterGone),
    ] {
        world.store.script.writes.lock().unwrap().push_back(fault);
        world.send(name, events(0..3)).await;
        world.gone(name).await;
        world.check(name, 3);
    }
}

#[actix::test]
async fn another_servers_rows_are_in_the_summary() {
    let world = World::paused();
    world.send("s", vec![event(0), event(2)]).await;
    world
        .store
        .commit_elsewhere(&key("s"), &[event(1), event(3)]);
    world.gone("s").await;
    world.check("s", 4);
    assert_eq!(
        world.store.saves(&key("s")).len(),
        2,
        "refused, then written"
    );
    assert_eq!(world.summaries("refolded"), 1);
}

#[actix::test]
async fn another_servers_rows_between_fold_and_write_are_in_the_summary() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world
        .store
        .keep_committing_elsewhere(vec![event(2), event(3)]);
    world.gone("s").await;
    world.check("s", 4);
    let offered: Vec<i64> = world
        .store
        .saves(&key("s"))
        .iter()
        .map(|save| save.0)
        .collect();
    assert_eq!(offered, [2, 3, 4], "refused twice");
    assert_eq!(world.summaries("refolded"), 1);
}

#[actix::test]
async fn a_session_is_not_folded_from_its_rows_while_it_is_written_to() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.commit_elsewhere(&key("s"), &[event(9)]);
    world.store.script.hold(Stage::SaveReply);
    world.store.script.hold(Stage::WriteReply);
    world.store.script.arrived(Stage::SaveReply, 1).await;
    let sent = world.post("s", events(2..3));
    world.store.script.arrived(Stage::WriteReply, 2).await;
    world.store.script.release(Stage::SaveReply);
    sleep(IDLE * 2).await;
    assert_eq!(world.store.replays(&key("s")), 0);
    world.store.script.release(Stage::WriteReply);
    assert_eq!(letters(&sent.await.unwrap().unwrap().0), "A");
    world.gone("s").await;
    world.check("s", 4);
    assert_eq!(world.store.replays(&key("s")), 1);
}

#[actix::test]
async fn a_session_that_others_keep_writing_to_is_left_to_recovery() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.keep_committing_elsewhere(events(2..10));
    world.gone("s").await;
    assert_eq!(world.store.saves(&key("s")).len(), 3);
    assert_eq!(world.store.stored(&key("s")).summary, None);
    assert_eq!(world.summaries("left_to_recovery"), 1);
    assert_eq!(world.metric("live_sessions"), 0);
}

#[actix::test]
async fn an_event_during_the_last_attempt_gives_the_session_three_more() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    let refusals = [SaveFault::Refuse; 3];
    world.store.script.saves.lock().unwrap().extend(refusals);
    world.store.script.hold_from(Stage::SaveReply, 3);
    world.store.script.arrived(Stage::SaveReply, 3).await;
    world.send("s", events(2..3)).await;
    world.store.script.release(Stage::SaveReply);
    world.gone("s").await;
    world.check("s", 3);
    assert_eq!(world.summaries("left_to_recovery"), 1);
}

#[actix::test]
async fn a_newer_summary_is_not_overwritten() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.change(&key("s"), |stored| {
        stored.summary = Some(stored.fold().summary());
        stored.fold_version = i32::MAX;
    });
    world.gone("s").await;
    assert_eq!(world.store.stored(&key("s")).fold_version, i32::MAX);
}

#[actix::test]
async fn a_sealed_session_is_left_as_it_is() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.gone("s").await;
    world.store.change(&key("s"), |stored| stored.sealed = true);
    assert_eq!(letters(&world.send("s", events(2..3)).await), "A");
    world.gone("s").await;
    let summary = world.store.stored(&key("s")).summary.unwrap();
    assert_eq!(summary.event_count, 2);
}

#[actix::test]
async fn a_session_deleted_while_it_is_live_leaves_no_summary() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.change(&key("s"), |stored| stored.rows.clear());
    world.gone("s").await;
    assert_eq!(world.store.stored(&key("s")).summary, None);
}
