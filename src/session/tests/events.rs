//! What becomes of events: folded once, told once.

use tokio::time::sleep;

use super::script::{Stage, WriteFault};
use super::{IDLE, IDLE_AND_SWEPT, MOMENT, World, event, events, key, letters, poison};
use crate::session::MAX_SESSION_EVENTS;

#[actix::test]
async fn a_session_gets_its_summary_when_it_was_idle_for_the_time_out_and_not_before() {
    let world = World::paused();
    assert_eq!(letters(&world.send("s", events(0..3)).await), "AAA");
    sleep(IDLE / 2).await;
    assert_eq!(letters(&world.send("s", events(3..5)).await), "AA");
    sleep(IDLE - MOMENT).await;
    assert!(world.is_live("s"));
    assert!(world.store.saves(&key("s")).is_empty());
    sleep(IDLE_AND_SWEPT - IDLE).await;
    assert!(!world.is_live("s"));
    world.check("s", 5);
    assert_eq!(
        world.store.replays(&key("s")),
        0,
        "the running fold was enough"
    );
    assert_eq!(world.summaries("written"), 1);
    assert_eq!(world.metric("live_sessions"), 0);
}

#[actix::test]
async fn nothing_is_folded_before_it_is_committed() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::WriteReply);
    let sent = world.post("s", events(2..4));
    world.store.script.arrived(Stage::WriteReply, 2).await;
    // However long it takes: a session with something at the writer is not idle.
    sleep(IDLE * 3).await;
    assert!(!sent.is_finished());
    assert!(world.store.saves(&key("s")).is_empty());
    world.store.script.release(Stage::WriteReply);
    assert_eq!(letters(&sent.await.unwrap().unwrap().0), "AA");
    sleep(IDLE - MOMENT).await;
    assert!(
        world.store.saves(&key("s")).is_empty(),
        "the time-out begins when the events are written"
    );
    world.gone("s").await;
    world.check("s", 4);
}

#[actix::test]
async fn a_parallel_retry_stores_each_event_once_and_its_fates_add_up() {
    let world = World::paused();
    world.store.script.hold(Stage::Write);
    let first = world.post("s", events(0..4));
    let retry = world.post("s", events(0..4));
    world.store.script.arrived(Stage::Write, 1).await;
    world.store.script.release(Stage::Write);
    let first = first.await.unwrap().unwrap().0;
    let retry = retry.await.unwrap().unwrap().0;
    let mut both = [letters(&first), letters(&retry)];
    both.sort();
    assert_eq!(both, ["AAAA", "DDDD"]);
    world.gone("s").await;
    world.check("s", 4);
    assert_eq!(world.store.replays(&key("s")), 0);
}

#[actix::test]
async fn a_key_that_stands_twice_in_a_request_is_accepted_once() {
    let world = World::paused();
    let twice = vec![event(1), event(0), event(1)];
    assert_eq!(letters(&world.send("s", twice).await), "AAD");
    world.gone("s").await;
    world.check("s", 2);
}

#[actix::test]
async fn a_request_of_duplicates_neither_writes_nor_reopens_a_summary() {
    let world = World::paused();
    world.send("s", events(0..3)).await;
    world.gone("s").await;
    assert_eq!(letters(&world.send("s", events(0..3)).await), "DDD");
    world.gone("s").await;
    assert_eq!(world.store.saves(&key("s")).len(), 1);
    assert_eq!(world.store.replays(&key("s")), 0);
    assert_eq!(world.summaries("written"), 1);
    world.check("s", 3);
}

#[actix::test]
async fn poison_is_rejected_and_its_neighbours_are_accepted() {
    let world = World::paused();
    let mixed = vec![event(0), poison(1), event(2)];
    assert_eq!(letters(&world.send("s", mixed).await), "ARA");
    world.gone("s").await;
    world.check("s", 2);
}

#[actix::test]
async fn an_event_out_of_order_has_the_summary_come_from_the_rows() {
    let world = World::paused();
    world.send("s", vec![event(0), event(2)]).await;
    assert_eq!(letters(&world.send("s", vec![event(1)]).await), "A");
    world.gone("s").await;
    world.check("s", 3);
    assert_eq!(world.store.replays(&key("s")), 1);
    assert_eq!(world.store.saves(&key("s")).len(), 1);
    assert_eq!(world.summaries("refolded"), 1);
    assert_eq!(world.summaries("written"), 0);
}

#[actix::test]
async fn events_out_of_order_within_a_request_need_no_second_fold() {
    let world = World::paused();
    world.send("s", vec![event(2), event(0), event(1)]).await;
    world.gone("s").await;
    world.check("s", 3);
    assert_eq!(world.store.replays(&key("s")), 0);
}

#[actix::test]
async fn a_session_takes_its_full_number_of_events_and_no_more() {
    let world = World::paused();
    let at_once = 500;
    let mut n = 0;
    while n + at_once < MAX_SESSION_EVENTS {
        world.send("s", events(n..n + at_once)).await;
        n += at_once;
    }
    // What was there already, was refused or got lost takes up no room.
    let half = at_once / 2;
    assert_eq!(
        letters(&world.send("s", events(0..half)).await),
        "D".repeat(half)
    );
    let refused = (0..half).map(poison).collect();
    assert_eq!(letters(&world.send("s", refused).await), "R".repeat(half));
    let lost = [WriteFault::QueueFull, WriteFault::Away];
    world.store.script.writes.lock().unwrap().extend(lost);
    for _ in lost {
        let fates = world.send("s", events(n..n + at_once)).await;
        assert_eq!(letters(&fates), "U".repeat(at_once));
    }
    let fates = world.send("s", events(n..n + at_once + 2)).await;
    assert_eq!(letters(&fates), "A".repeat(at_once) + "FF");
    assert_eq!(
        letters(&world.send("s", events(n + at_once..n + at_once + 1)).await),
        "F"
    );
    world.gone("s").await;
    let stored = world.store.stored(&key("s"));
    assert_eq!(stored.rows.len(), MAX_SESSION_EVENTS);
    let counted = stored.summary.unwrap().event_count;
    assert_eq!(usize::try_from(counted).unwrap(), MAX_SESSION_EVENTS);
}

#[actix::test]
async fn what_is_at_the_writer_counts_towards_a_full_session() {
    let world = World::paused();
    world.store.script.hold(Stage::Write);
    let first = world.post("s", events(0..MAX_SESSION_EVENTS));
    world.store.script.arrived(Stage::Write, 1).await;
    let more = world.post("s", vec![event(MAX_SESSION_EVENTS)]);
    sleep(MOMENT).await;
    world.store.script.release(Stage::Write);
    assert_eq!(letters(&more.await.unwrap().unwrap().0), "F");
    let fates = first.await.unwrap().unwrap().0;
    assert_eq!(letters(&fates), "A".repeat(MAX_SESSION_EVENTS));
}

#[actix::test]
async fn another_servers_rows_count_towards_a_full_session_once_they_are_known() {
    let world = World::paused();
    world.send("s", events(0..1)).await;
    let elsewhere = events(1..MAX_SESSION_EVENTS - 1);
    world.store.commit_elsewhere(&key("s"), &elsewhere);
    world.store.script.hold_from(Stage::SaveReply, 2);
    world.store.script.arrived(Stage::SaveReply, 2).await;
    let two = events(MAX_SESSION_EVENTS..MAX_SESSION_EVENTS + 2);
    assert_eq!(letters(&world.send("s", two).await), "AF");
    world.store.script.release(Stage::SaveReply);
    world.gone("s").await;
    let summary = world.store.stored(&key("s")).summary.unwrap();
    let counted = usize::try_from(summary.event_count).unwrap();
    assert_eq!(counted, MAX_SESSION_EVENTS);
}
