//! Rule 11: lost events. Every timeline here is our plugin's; `#n` shows the hole.

use super::check;

#[test]
fn without_a_hole_the_states_decide_and_the_totals_do_not() {
    check(
        "ours: 0 play state=starting totals=idle:0; 500 frame state=playing totals=rebuffer:400; 2000 beat totals=paused:900",
        "startup 500 playing 1500 completeness 1",
    );
}

#[test]
fn a_lost_wait_is_told_by_the_totals() {
    // BUFFER_START at 3000 and BUFFER_END at 5000 (#2, #3) are lost.
    check(
        "0 play #0 state=starting totals=idle:0; 500 frame #1 state=playing totals=startup:500; \
         10000 beat #4 state=playing totals=startup:500,playing:7500,rebuffer:2000,rebuffers:1; \
         11000 pause #5 state=paused totals=startup:500,playing:8500,rebuffer:2000,rebuffers:1",
        "startup 500 playing 8500 rebuffer 2000 rebuffers 1 pauses 1 completeness 0.6666666666666666",
    );
}

#[test]
fn a_lost_end_of_a_wait_does_not_stretch_the_wait() {
    // BUFFER_START #2 came, BUFFER_END #3 did not: the wait was 1 s, not 7.
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=startup:0; 3000 waiting #2; \
         10000 beat #4 state=playing totals=playing:9000,rebuffer:1000,rebuffers:1",
        "startup 0 playing 9000 rebuffer 1000 rebuffers 1",
    );
}

#[test]
fn a_lost_first_frame_is_told_by_the_totals() {
    check(
        "0 load #0 state=idle totals=idle:0; 1000 play #1 state=starting totals=idle:1000; \
         10000 beat #3 state=playing totals=idle:1000,startup:800,playing:8200; 11000 beat #4 state=playing",
        "idle 1000 startup 800 playing 9200 ebvs false",
    );
    check(
        "0 load #0 state=idle totals=idle:0; 10000 beat #3 state=playing totals=idle:1000,startup:800,playing:8200",
        "idle 1000 startup 800 playing 8200",
    );
}

#[test]
fn what_the_totals_do_not_explain_is_gap_and_what_is_too_much_is_cut() {
    let beat = |totals: &str| {
        format!(
            "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 10000 beat #3 state=playing totals={totals}"
        )
    };
    check(&beat("playing:4000"), "startup 0 playing 4000 gap 6000");
    check(
        &beat("playing:40000,paused:5000"),
        "startup 0 playing 10000",
    );
    check(
        &beat("playing:9000,paused:5000"),
        "startup 0 playing 9000 paused 1000",
    );
    check(&beat("playing:-5"), "startup 0 gap 10000");
}

#[test]
fn totals_that_restarted_count_from_0() {
    check(
        "0 play #0 totals=playing:90000; 0 frame #1 totals=playing:90000; 10000 beat #3 state=playing totals=playing:7000",
        "startup 0 playing 7000 gap 3000",
    );
}

#[test]
fn the_state_is_the_one_the_event_names() {
    let named = |state: &str| {
        format!(
            "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 1000 beat #3 state={state} totals=playing:1000; 2000 beat #4"
        )
    };
    let then = |rest: &str| format!("startup 0 {rest}");
    check(&named("playing"), &then("playing 2000"));
    check(&named("paused"), &then("playing 1000 paused 1000 pauses 1"));
    check(&named("ended"), &then("playing 1000 ended 1000"));
    check(&named("seeking"), &then("playing 1000 seek 1000 seeks 1"));
    check(
        &named("rebuffering"),
        &then("playing 1000 rebuffer 1000 rebuffers 1"),
    );
}

#[test]
fn a_session_whose_beginning_was_lost_has_no_startup() {
    check(
        "0 beat #5 state=playing totals=startup:900,playing:20000; 3000 pause #6 state=paused; 4000 beat #7",
        "startup - playing 3000 paused 1000 pauses 1 completeness 0.375",
    );
}

#[test]
fn a_stall_stamped_back_is_no_hole() {
    // Sent after the heartbeat #2, so it has #3, but stamped 100 ms back, before it.
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 4950 waiting #3; 5000 beat #2 state=playing totals=playing:1; \
         7950 playing #4; 9000 beat #5 totals=playing:2",
        "startup 0 playing 6000 rebuffer 3000 rebuffers 1 completeness 1",
    );
}

#[test]
fn a_long_seek_stamped_back_over_heartbeats_is_no_hole() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 2000 seek for=15000 #4; 5000 beat #2 totals=seek:1; \
         15000 beat #3 totals=seek:2; 20000 beat #5 totals=seek:3",
        "startup 0 playing 5000 seek 15000 seeks 1 completeness 1",
    );
}

#[test]
fn a_hole_behind_a_stamped_back_event_is_bridged_from_the_anchor_before_it() {
    // The seek #4 is stamped back; #3 is lost; the totals from #2 to #5 decide.
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 1000 beat #2 state=playing totals=playing:1000; \
         2000 seek for=500 #4; 9000 beat #5 state=playing totals=playing:5500,paused:3000,seek:500",
        "startup 0 playing 5500 seek 500 seeks 1 paused 3000",
    );
}

#[test]
fn a_hole_without_totals_leaves_time_to_the_states() {
    check(
        "0 play #0; 0 frame #1; 1000 waiting #2; 4000 beat #5 state=playing; 5000 beat #6",
        "startup 0 playing 2000 rebuffer 3000 rebuffers 1",
    );
}

#[test]
fn an_open_wait_at_a_hole_is_counted_once() {
    let open = "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 1000 waiting #2; 2000 beat #3 state=rebuffering";
    // Whether the client counts the open one or only finished ones.
    for before in ["rebuffers:0", "rebuffers:1"] {
        check(
            &format!(
                "{open} totals=playing:1000,rebuffer:1000,{before}; 5000 beat #5 state=playing totals=playing:2000,rebuffer:3000,rebuffers:1"
            ),
            "startup 0 playing 2000 rebuffer 3000 rebuffers 1",
        );
    }
    check(
        &format!(
            "{open} totals=playing:1000,rebuffer:1000,rebuffers:1; 5000 beat #5 state=rebuffering totals=playing:1000,rebuffer:4000,rebuffers:1; 6000 playing #6"
        ),
        "startup 0 playing 1000 rebuffer 5000 rebuffers 1",
    );
}

#[test]
fn a_lost_session_end_reason_still_closes() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 1000 close #4 state=playing totals=playing:1000 reason=destroy; 1500 beat #5",
        "startup 0 playing 1000 gap 500 end destroy",
    );
}

#[test]
fn playing_at_renditions_lost_in_a_hole_has_no_bitrate() {
    let session = |after: &str| {
        format!(
            "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0 kbps=1000 h=360; \
         10000 beat #3 state=playing totals=playing:10000 {after}; 12000 beat #4"
        )
    };
    check(
        &session("kbps=1000 h=360"),
        "startup 0 playing 12000 bitrate 1000 bitrate_known 12000 heights 360:12000",
    );
    check(
        &session("kbps=3000 h=720"),
        "startup 0 playing 12000 bitrate 3000 bitrate_known 2000 heights 720:2000 up 1",
    );
}

#[test]
fn a_stamped_back_event_does_not_change_the_rendition() {
    // Its quality is that of the moment it was sent.
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0 kbps=1000; 2000 waiting #2 kbps=3000; \
         10000 beat #4 state=playing kbps=1000 totals=playing:2000,paused:8000",
        "startup 0 playing 2000 paused 8000 bitrate 1000 bitrate_known 2000 up 0 down 0",
    );
}

#[test]
fn a_lost_seek_is_counted() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 10000 beat #3 state=playing totals=playing:9000,seek:1000",
        "startup 0 playing 9000 seek 1000 seeks 1",
    );
}

#[test]
fn startup_does_not_grow_after_the_first_frame() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 10000 beat #3 state=playing totals=startup:5000,playing:5000",
        "startup 0 playing 5000 gap 5000",
    );
}

#[test]
fn a_first_frame_after_the_anchor_is_taken_back_too() {
    check(
        "0 play #0 totals=idle:0; 500 playing #1; 10000 beat #3 state=playing totals=startup:800,playing:9200",
        "startup 800 playing 9200",
    );
}

#[test]
fn a_number_below_the_anchors_is_no_anchor() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 1000 beat #5 state=playing totals=playing:1000; \
         2000 beat #3 state=paused totals=paused:5; 3000 beat #6 state=paused totals=playing:1000,paused:2000",
        "startup 0 playing 3000",
    );
}

#[test]
fn a_lost_end_or_failure_is_the_reason_of_the_end() {
    let closed = |before: &str| {
        format!(
            "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; {before} 9000 close #9 reason=page_close state=ended totals=playing:8000,ended:1000; 9900 beat #10"
        )
    };
    check(
        &closed(""),
        "startup 0 playing 8000 ended 1000 gap 900 end ended",
    );
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 9000 fatal #4 state=ended totals=playing:8000,rebuffer:1000,rebuffers:1; 9900 beat #5",
        "startup 0 playing 8000 rebuffer 1000 rebuffers 1 ended 900 vpf true end error",
    );
    check(
        "0 play #0 totals=idle:0; 900 fatal #4 state=ended totals=startup:900; 9000 beat #5",
        "no_start 900 ended 8100 vsf true end error",
    );
}

#[test]
fn after_a_hole_a_position_hands_back_nothing_from_before_it() {
    check(
        "0 play@0 #0 totals=idle:0; 0 frame@0 #1 totals=idle:0; 60000 beat #2 totals=playing:60000; \
         70000 beat #4 totals=playing:60000; 71000 beat@71 #5",
        "startup 0 playing 31000 gap 40000",
    );
}
