//! How it is right now: what is counted is what the actors' folds say, and nothing else.

use tokio::time::sleep;

use super::script::{SaveFault, Stage, WriteFault};
use super::{IDLE, IDLE_AND_SWEPT, MOMENT, World, event, events, key, letters};
use crate::session::overview::BEAT;
use crate::session::{LIVE_PARAMS, LiveAnswer, LiveQuery};
use crate::storage::event::EventRecord;
use crate::storage::query::Params;

impl World {
    /// As it is now: an answer of this second may be older.
    async fn live(&self, parameters: &[(&str, &str)]) -> LiveAnswer {
        sleep(BEAT).await;
        self.live_at_once(parameters).await
    }

    async fn live_at_once(&self, parameters: &[(&str, &str)]) -> LiveAnswer {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let parameters = parameters.iter().map(owned).collect();
        let params = Params::new(parameters, &[LIVE_PARAMS]).unwrap();
        let query = LiveQuery::parse(&params).unwrap();
        self.registry.live("default", query).await.unwrap()
    }

    /// The states that have sessions, as `playing 2`.
    async fn states(&self) -> Vec<String> {
        let total = self.live(&[]).await.total;
        let by_state = serde_json::to_value(total.states).unwrap();
        let states = by_state.as_object().unwrap().iter();
        let told: Vec<String> = states
            .filter(|(_, count)| **count != 0)
            .map(|(state, count)| format!("{state} {count}"))
            .collect();
        let sum: u64 = by_state
            .as_object()
            .unwrap()
            .values()
            .map(|it| it.as_u64().unwrap())
            .sum();
        assert_eq!(sum, total.sessions);
        told
    }

    /// The state that the rows' own fold is in.
    fn stored_state(&self, name: &str) -> &'static str {
        self.store.stored(&key(name)).fold().state().name()
    }
}

fn of_browser(browser: &str, numbers: std::ops::Range<usize>) -> Vec<EventRecord> {
    let mut records = events(numbers);
    for record in &mut records {
        record.event.browser = Some(browser.into());
    }
    records
}

/// Groups as `browser sessions/watching`.
fn groups(answer: &LiveAnswer) -> Vec<String> {
    let groups = answer.data.iter();
    groups
        .map(|it| {
            format!(
                "{} {}/{}",
                it.group["browser"], it.counts.sessions, it.counts.watching
            )
        })
        .collect()
}

#[actix::test]
async fn sessions_are_counted_in_the_state_of_their_last_event() {
    let world = World::paused();
    assert_eq!(world.states().await, [""; 0]);
    // The events' types are PLAY, FIRST_FRAME, BUFFER_START, BUFFER_END, PAUSE.
    for (name, count) in [("a", 1), ("b", 2), ("c", 2), ("d", 3), ("e", 4), ("f", 5)] {
        world.send(name, events(0..count)).await;
    }
    assert_eq!(
        world.states().await,
        ["starting 1", "playing 3", "rebuffering 1", "paused 1"]
    );
    let total = world.live_at_once(&[]).await.total;
    assert_eq!((total.sessions, total.watching), (6, 5));
    assert_eq!(total.rebuffering_share, Some(0.2));
    world.send("c", vec![event(2)]).await;
    world.send("f", vec![event(6)]).await;
    assert_eq!(
        world.states().await,
        ["starting 1", "playing 3", "rebuffering 2"]
    );
    for name in ["a", "b", "c", "d", "e", "f"] {
        world.gone(name).await;
    }
    assert_eq!(world.states().await, [""; 0], "they went idle");
    let nobody = world.live_at_once(&[]).await.total;
    assert_eq!((nobody.watching, nobody.rebuffering_share), (0, None));
}

#[actix::test]
async fn sessions_are_told_apart_by_what_is_known_of_them() {
    let world = World::paused();
    for (name, browser, count) in [("a", "Chrome", 1), ("b", "Chrome", 5), ("c", "Chrome", 2)] {
        world.send(name, of_browser(browser, 0..count)).await;
    }
    for (name, browser) in [("d", "Safari"), ("e", "Edge"), ("f", "Edge")] {
        world.send(name, of_browser(browser, 0..2)).await;
    }
    world.send("g", events(0..2)).await;
    let all = world.live(&[("group_by", "browser")]).await;
    let expected = [
        "\"Chrome\" 3/2",
        "\"Edge\" 2/2",
        "\"Safari\" 1/1",
        "null 1/1",
    ];
    assert_eq!(groups(&all), expected);
    assert_eq!(
        (all.total.sessions, all.groups, all.has_more),
        (7, 4, false)
    );
    assert_eq!(all.other, None);

    let some = world
        .live_at_once(&[("group_by", "browser"), ("limit", "1")])
        .await;
    assert_eq!(groups(&some), ["\"Chrome\" 3/2"]);
    let other = some.other.unwrap();
    assert_eq!(
        (other.sessions, other.watching, other.states.playing),
        (4, 4, 4)
    );
    assert_eq!((some.groups, some.has_more), (4, true));

    // What a later event tells for the first time is known from then on.
    world.send("g", of_browser("Safari", 2..3)).await;
    let all = world.live(&[("group_by", "browser")]).await;
    assert_eq!(
        groups(&all),
        ["\"Chrome\" 3/2", "\"Edge\" 2/2", "\"Safari\" 2/2"]
    );
    let ungrouped = world.live_at_once(&[]).await;
    assert!(ungrouped.data.is_empty() && ungrouped.group_by.is_empty());
}

#[actix::test]
async fn an_answer_serves_everybody_for_a_second() {
    let world = World::paused();
    world.send("a", events(0..1)).await;
    let first = world.live(&[]).await;
    world.send("b", events(0..1)).await;
    sleep(BEAT / 2).await;
    let second = world.live_at_once(&[]).await;
    assert_eq!((second.time, second.total.sessions), (first.time, 1));
    let grouped = world.live_at_once(&[("group_by", "os")]).await;
    assert_eq!((grouped.until, grouped.total.sessions), (first.until, 1));
    sleep(BEAT / 2).await;
    let third = world.live_at_once(&[]).await;
    assert_eq!(third.total.sessions, 2);
    assert!(third.until - first.until >= BEAT);
}

#[actix::test]
async fn a_session_that_only_repeats_itself_is_not_live() {
    let world = World::paused();
    world.store.commit_elsewhere(&key("s"), &events(0..2));
    assert_eq!(letters(&world.send("s", events(0..2)).await), "DD");
    assert!(world.is_live("s"), "its actor folded nothing");
    assert_eq!(world.states().await, [""; 0]);
}

#[actix::test]
async fn a_session_whose_actor_died_is_counted_again_when_it_goes_on() {
    let world = World::paused();
    world.send("other", events(0..2)).await;
    world.send("s", events(0..3)).await;
    assert_eq!(world.states().await, ["playing 1", "rebuffering 1"]);
    let panics = [WriteFault::PanicBefore; 2];
    world.store.script.writes.lock().unwrap().extend(panics);
    assert!(world.post("s", vec![event(3)]).await.unwrap().is_none());
    assert_eq!(world.states().await, ["playing 1"], "nobody folds it");
    assert_eq!(
        letters(&world.send("s", vec![event(3), event(4)]).await),
        "AA"
    );
    let figures = world.registry.figures(&key("s")).await.unwrap().unwrap();
    assert_eq!(
        figures.summary.event_count, 2,
        "the new actor knows these two"
    );
    // Of its BUFFER_END and PAUSE.
    assert_eq!(world.states().await, ["playing 1", "paused 1"]);
    world.gone("s").await;
    world.check("s", 5);
}

#[actix::test]
async fn a_dead_actor_that_stays_in_the_map_is_not_counted() {
    let world = World::paused();
    world.send("s", events(0..2)).await;
    let panic = SaveFault::Panic;
    world.store.script.saves.lock().unwrap().push_back(panic);
    world.store.script.hold(Stage::Save);
    world.store.script.arrived(Stage::Save, 1).await;
    world.store.script.release(Stage::Save);
    sleep(MOMENT).await;
    assert!(world.is_live("s"), "no sweep has found it yet");
    assert_eq!(world.live_at_once(&[]).await.total.sessions, 0);
}

#[actix::test]
async fn a_session_folded_from_its_rows_is_in_the_state_that_they_say() {
    let world = World::paused();
    // The pause came, then what was before it: the fold stays where it was.
    world.send("s", vec![event(0), event(4)]).await;
    world.send("s", vec![event(1)]).await;
    assert_eq!(
        world.states().await,
        ["idle 1"],
        "a pause before the first frame"
    );
    world.store.script.hold(Stage::Save);
    world.store.script.arrived(Stage::Save, 1).await;
    assert_eq!(world.stored_state("s"), "paused");
    assert_eq!(world.states().await, ["paused 1"]);
    world.store.script.release(Stage::Save);
    world.gone("s").await;
    world.check("s", 3);
}

#[actix::test]
async fn an_answer_keeps_no_session_alive_and_is_forgotten() {
    let world = World::paused();
    world.send("s", of_browser("Chrome", 0..2)).await;
    sleep(IDLE - BEAT * 2).await;
    assert_eq!(world.states().await, ["playing 1"]);
    sleep(IDLE_AND_SWEPT - IDLE + BEAT).await;
    assert!(!world.is_live("s"));
    sleep(IDLE).await;
    assert!(!world.registry.overview.is_kept(), "nobody asks any more");
}
