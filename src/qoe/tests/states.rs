//! Every row of the states table. Without positions a stretch of PLAYING is playing, so the time
//! after an event shows the state it led to.

use super::check;

#[test]
fn idle_waits_for_a_play_intent() {
    check("0 load; 1000 beat", "idle 1000 ebvs false");
    check(
        "0 load; 500 play; 2000 beat",
        "idle 500 no_start 1500 ebvs true",
    );
    check(
        "0 load; 500 waiting; 900 seek for=100; 1000 pause; 2000 beat",
        "idle 2000",
    );
    check(
        "0 load; 500 ended; 2000 beat",
        "idle 500 ended 1500 end ended",
    );
    check(
        "0 load; 500 fatal; 2000 beat",
        "idle 500 ended 1500 end error vsf true",
    );
}

#[test]
fn a_first_frame_without_a_play_intent_has_no_startup() {
    check(
        "0 load; 500 frame; 2000 beat",
        "idle 500 playing 1500 startup -",
    );
    check(
        "0 waiting; 500 playing; 2000 beat",
        "idle 500 playing 1500 startup -",
    );
}

#[test]
fn starting_ends_with_the_first_frame_or_without_one() {
    check(
        "0 play; 0 waiting; 800 playing; 2000 beat",
        "startup 800 playing 1200",
    );
    check("0 play; 300 frame; 2000 beat", "startup 300 playing 1700");
    check(
        "0 play; 300 play; 700 seek for=9; 800 frame; 2000 beat",
        "startup 800 playing 1200",
    );
    check(
        "0 play; 300 pause; 2000 beat",
        "no_start 300 idle 1700 ebvs true",
    );
    check(
        "0 play; 300 ended; 2000 beat",
        "no_start 300 ended 1700 end ended",
    );
    check(
        "0 play; 300 fatal; 2000 beat",
        "no_start 300 ended 1700 vsf true",
    );
}

#[test]
fn playing_leads_to_every_interruption() {
    let playing = |rest: &str| format!("0 play; 100 frame; {rest}; 9000 beat");
    check(
        &playing("600 waiting"),
        "startup 100 playing 500 rebuffer 8400 rebuffers 1",
    );
    check(
        &playing("600 pause"),
        "startup 100 playing 500 paused 8400 pauses 1",
    );
    check(&playing("600 ended"), "startup 100 playing 500 ended 8400");
    check(
        &playing("600 seek for=1000"),
        "startup 100 playing 7900 seek 1000 seeks 1",
    );
    check(&playing("600 play"), "startup 100 playing 8900");
    check(&playing("600 frame"), "startup 100 playing 8900");
    check(&playing("600 playing"), "startup 100 playing 8900");
}

#[test]
fn rebuffering_ends_by_playing_seeking_pausing_ending_or_failing() {
    let stalled = |rest: &str| format!("0 play; 0 frame; 500 waiting; {rest}; 9000 beat");
    let open = "startup 0 playing 500 rebuffer 8500 rebuffers 1";
    check(&stalled("1500 play"), open);
    check(&stalled("1500 frame"), open);
    check(&stalled("1500 waiting"), open);
    let then = |rest: &str| format!("startup 0 playing 500 rebuffer 1000 rebuffers 1 {rest}");
    check(&stalled("1500 pause"), &then("paused 7500 pauses 1"));
    check(&stalled("1500 ended"), &then("ended 7500"));
    check(
        &stalled("1500 fatal"),
        &then("ended 7500 vpf true end error"),
    );
    check(&stalled("1500 seek for=7500"), &then("seek 7500 seeks 1"));
    check(
        &stalled("1500 playing"),
        "startup 0 playing 8000 rebuffer 1000 rebuffers 1",
    );
}

#[test]
fn seeking_ends_by_playing_pausing_ending_or_failing() {
    let seeking = |rest: &str| format!("0 play; 0 frame; 500 seek; {rest}; 9000 beat");
    let open = "startup 0 playing 500 seek 8500 seeks 1";
    check(&seeking("1500 play"), open);
    check(&seeking("1500 frame"), open);
    check(&seeking("1500 waiting"), open);
    check(&seeking("1500 seek"), open);
    let then = |rest: &str| format!("startup 0 seek 1000 seeks 1 {rest}");
    check(&seeking("1500 playing"), &then("playing 8000"));
    check(
        &seeking("1500 pause"),
        &then("playing 500 paused 7500 pauses 1"),
    );
    check(&seeking("1500 ended"), &then("playing 500 ended 7500"));
    check(
        &seeking("1500 fatal"),
        &then("playing 500 ended 7500 vpf true"),
    );
}

#[test]
fn paused_goes_back_to_what_was_paused() {
    let paused = |rest: &str| format!("0 play; 0 frame; 500 pause; {rest}; 9000 beat");
    let then = |rest: &str| format!("startup 0 paused 1000 pauses 1 {rest}");
    check(&paused("1500 play"), &then("playing 8000"));
    check(&paused("1500 frame"), &then("playing 8000"));
    check(&paused("1500 ended"), &then("playing 500 ended 7500"));
    check(
        &paused("1500 fatal"),
        &then("playing 500 ended 7500 vpf true"),
    );
    check(
        &paused("700 pause"),
        "startup 0 playing 500 paused 8500 pauses 1",
    );
}

#[test]
fn a_wait_that_a_pause_interrupted_goes_on_after_it() {
    let timeline = "0 play; 0 frame; 500 waiting@0.5; 1000 pause@0.5; 2000 play@0.5; 3000 playing@0.5; 4000 beat@1.5";
    check(
        timeline,
        "startup 0 playing 1500 rebuffer 1500 rebuffers 2 paused 1000 pauses 1",
    );
}

#[test]
fn a_wait_that_began_or_ended_in_a_pause_is_remembered_or_forgotten() {
    let paused = "0 play; 0 frame; 500 pause@0.5; 700 waiting@0.5";
    check(
        &format!("{paused}; 1000 play@0.5; 2000 playing@0.5"),
        "startup 0 playing 500 paused 500 pauses 1 rebuffer 1000 rebuffers 1",
    );
    check(
        &format!("{paused}; 900 playing@0.5; 1000 play@0.5; 2000 beat@1.5"),
        "startup 0 playing 1500 paused 500 pauses 1",
    );
    check(
        &format!("{paused}; 1000 play@30; 2000 playing@30"),
        "startup 0 playing 500 paused 500 pauses 1 seek 1000 seeks 1",
    );
}

#[test]
fn ended_goes_on_with_a_replay() {
    let ended = |rest: &str| format!("0 play; 0 frame; 500 ended; {rest}; 9000 beat");
    check(&ended("1500 play"), "startup 0 playing 8000 ended 1000");
    for nothing in ["frame", "waiting", "playing", "pause", "ended"] {
        check(
            &ended(&format!("1500 {nothing}")),
            "startup 0 playing 500 ended 8500",
        );
    }
    check(
        &ended("1500 fatal"),
        "startup 0 playing 500 ended 8500 fatals 1",
    );
    check(
        &ended("1000 seek for=2000; 1500 play"),
        "startup 0 playing 6500 ended 1000 seek 1500 seeks 1",
    );
}

#[test]
fn without_a_first_frame_there_is_nothing_to_seek_in() {
    check(
        "0 play; 300 ended; 400 seek for=9000; 900 play; 1500 beat",
        "no_start 900 ended 600",
    );
}

#[test]
fn failed_goes_on_when_the_player_recovers() {
    let failed =
        |rest: &str| format!("0 play; 0 frame; 500 waiting; 1500 fatal; {rest}; 9000 beat");
    let then = |rest: &str| format!("startup 0 rebuffer 1000 rebuffers 1 {rest}");
    for back in ["play", "frame", "playing"] {
        check(
            &failed(&format!("2500 {back}")),
            &then("playing 7000 ended 1000"),
        );
    }
    for nothing in ["waiting", "pause", "seek for=9", "ended", "fatal"] {
        check(
            &failed(&format!("2500 {nothing}")),
            &then("playing 500 ended 7500"),
        );
    }
    check(
        "0 play; 500 fatal; 900 play; 1000 frame; 1500 beat",
        "startup 600 ended 400 playing 500",
    );
}

#[test]
fn closed_is_gap_until_the_page_comes_back() {
    let closed =
        |rest: &str| format!("0 play; 0 frame; 500 close reason=page_close; {rest}; 9000 beat");
    for back in ["play", "frame", "playing"] {
        check(
            &closed(&format!("2500 {back}")),
            "startup 0 playing 7000 gap 2000 end idle_timeout",
        );
    }
    for nothing in ["waiting", "pause", "seek for=9", "ended", "fatal"] {
        check(
            &closed(&format!("2500 {nothing}")),
            "startup 0 playing 500 gap 8500 end page_close",
        );
    }
    check(
        "0 load; 0 close; 2000 play; 3000 beat",
        "gap 2000 no_start 1000",
    );
}

#[test]
fn session_end_closes_every_state() {
    for (before, part) in [
        ("0 load", "idle 500"),
        ("0 play", "no_start 500"),
        ("0 play; 0 frame", "startup 0 playing 500"),
        (
            "0 play; 0 frame; 0 waiting",
            "startup 0 rebuffer 500 rebuffers 1",
        ),
        ("0 play; 0 frame; 0 seek", "startup 0 seek 500 seeks 1"),
        ("0 play; 0 frame; 0 pause", "startup 0 paused 500 pauses 1"),
        ("0 play; 0 frame; 0 ended", "startup 0 ended 500"),
        ("0 play; 0 fatal", "ended 500"),
    ] {
        check(
            &format!("{before}; 500 close; 900 beat"),
            &format!("{part} gap 400"),
        );
    }
}

#[test]
fn events_the_table_does_not_name_only_show_life() {
    check(
        "0 play; 0 frame; 500 quality; 600 rate; 700 visibility; 800 unknown; 900 beat; 950 error",
        "startup 0 playing 950 events 8",
    );
}
