//! A store that is away.

use std::time::Duration;

use tokio::time::sleep;

use super::script::{ReplayFault, SaveFault, Stage, WriteFault};
use super::{IDLE_AND_SWEPT, World, event, events, key, letters};

#[actix::test]
async fn a_full_queue_answers_unknown_and_nothing_is_folded() {
    let world = World::paused();
    for (name, fault) in [("a", WriteFault::QueueFull), ("b", WriteFault::Away)] {
        world.store.script.writes.lock().unwrap().push_back(fault);
        assert_eq!(letters(&world.send(name, events(0..2)).await), "UU");
        world.gone(name).await;
        assert!(world.store.saves(&key(name)).is_empty());
        assert_eq!(world.store.replays(&key(name)), 0, "nothing is in doubt");
    }
}

#[actix::test]
async fn what_is_sent_again_after_a_failure_is_folded_once() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    let faults = [WriteFault::Away, WriteFault::NeverAnswered];
    world.store.script.writes.lock().unwrap().extend(faults);
    assert_eq!(letters(&world.send("s", events(2..4)).await), "UU");
    assert_eq!(letters(&world.send("s", events(2..5)).await), "UUU");
    assert_eq!(letters(&world.send("s", events(2..6)).await), "DDDA");
    world.gone("s").await;
    world.check("s", 6);
}

#[actix::test]
async fn a_summary_that_cannot_be_written_is_tried_again_ever_less_often() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    let failures = [SaveFault::Fail; 10];
    world.store.script.saves.lock().unwrap().extend(failures);
    sleep(IDLE_AND_SWEPT).await;
    assert!(world.is_live("s"), "the session stays registered");
    world.gone_within("s", Duration::from_secs(600)).await;
    world.check("s", 2);
    let saves = world.store.saves(&key("s"));
    let pauses: Vec<Duration> = saves.windows(2).map(|pair| pair[1].1 - pair[0].1).collect();
    let least = [1, 2, 4, 8, 16, 32, 60, 60, 60, 60].map(Duration::from_secs);
    assert_eq!(pauses.len(), least.len());
    for (pause, least) in pauses.into_iter().zip(least) {
        let sweep = Duration::from_secs(1);
        assert!(
            pause >= least && pause <= least + sweep,
            "{pause:?} for {least:?}"
        );
    }
    assert_eq!(world.summaries("failed"), 10);
    assert_eq!(world.summaries("written"), 1);
}

#[actix::test]
async fn events_are_taken_while_a_summary_waits_for_its_next_try() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    let failures = [SaveFault::Fail; 4];
    world.store.script.saves.lock().unwrap().extend(failures);
    sleep(IDLE_AND_SWEPT).await;
    assert_eq!(letters(&world.send("s", events(2..4)).await), "AA");
    world.gone("s").await;
    world.check("s", 4);
}

#[actix::test]
async fn a_summary_whose_reply_is_lost_is_written_again() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    let lost = SaveFault::ReplyLost;
    world.store.script.saves.lock().unwrap().push_back(lost);
    world.gone("s").await;
    world.check("s", 2);
    assert_eq!(world.store.saves(&key("s")).len(), 2);
    assert_eq!(world.store.replays(&key("s")), 0);
}

#[actix::test]
async fn rows_that_cannot_be_read_are_read_later() {
    let world = World::paused();
    world.send("s", vec![event(1)]).await;
    world.send("s", vec![event(0)]).await;
    let failures = [ReplayFault::Fail; 3];
    world.store.script.replays.lock().unwrap().extend(failures);
    sleep(IDLE_AND_SWEPT).await;
    assert!(world.is_live("s"));
    world.gone("s").await;
    world.check("s", 2);
    assert_eq!(world.store.replays(&key("s")), 4);
}

#[actix::test]
async fn rows_that_never_come_do_not_hold_a_session_for_ever() {
    let world = World::paused();
    world.send("s", vec![event(1)]).await;
    world.send("s", vec![event(0)]).await;
    let hang = ReplayFault::Hang;
    world.store.script.replays.lock().unwrap().push_back(hang);
    sleep(IDLE_AND_SWEPT).await;
    assert_eq!(letters(&world.send("s", events(2..3)).await), "A");
    world.gone("s").await;
    world.check("s", 3);
}

#[actix::test]
async fn a_slow_summary_is_not_asked_for_twice() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    world.store.script.hold(Stage::Save);
    sleep(IDLE_AND_SWEPT * 3).await;
    world.store.script.release(Stage::Save);
    world.gone("s").await;
    world.check("s", 2);
    assert_eq!(world.store.saves(&key("s")).len(), 1);
}
