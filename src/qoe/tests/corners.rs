//! Corners of the rules, rule 11 above all, that the naive implementation in tests/qoe found.

use super::check;

#[test]
fn a_hole_behind_a_farewell_does_not_take_it_back() {
    check(
        "0 play #0; 0 frame #1; 500 close #2 reason=page_close; 900 beat #4",
        "startup 0 playing 500 gap 400 end page_close",
    );
}

#[test]
fn a_seek_whose_end_was_lost_ends_where_the_hole_does() {
    // The second seek begins 1 s after the first was over: it is the same one.
    check(
        "0 play #0; 0 frame #1; 1000 seek #2; 5000 beat #4 state=playing; 6000 seek #5 for=1000; 8000 beat #6",
        "startup 0 playing 3000 seek 5000 seeks 1",
    );
}

#[test]
fn a_player_whose_recovery_was_lost_rebuffers_again() {
    check(
        "0 play #0; 0 frame #1; 1000 fatal #2; 1500 seek #3; 2000 fatal #4; 3000 beat #6 state=playing; \
         4000 waiting #7; 5000 playing #8; 6000 beat #9",
        "startup 0 playing 3500 seek 500 seeks 1 ended 1000 rebuffer 1000 rebuffers 1 vpf true",
    );
}

#[test]
fn a_stall_goes_on_over_a_hole_whose_event_names_no_state() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 1000 waiting #2; \
         2000 beat #3 totals=playing:1000,rebuffer:1000; 4000 beat #5 totals=playing:1000,rebuffer:3000; 5000 playing #6",
        "startup 0 playing 1000 rebuffer 4000 rebuffers 1",
    );
}

#[test]
fn no_more_stalls_are_believed_than_the_stalled_time_has_room_for() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; \
         10000 beat #3 state=playing totals=playing:9000,rebuffer:1000,rebuffers:9000",
        "startup 0 playing 9000 rebuffer 1000 rebuffers 4",
    );
    // The open stall turns out to be a hiccup, whatever the client counted.
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; \
         1000 beat #3 state=rebuffering totals=playing:900,rebuffer:100,rebuffers:1; 1050 playing #4",
        "startup 0 playing 1050 micro 150 micros 1",
    );
}

#[test]
fn a_hiccup_lost_in_a_hole_has_no_rendition_either() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0 h=360; \
         1000 close #3 state=rebuffering h=720 totals=playing:900,rebuffer:100; 2000 beat #4",
        "startup 0 playing 1000 micro 100 micros 1 gap 1000 heights -",
    );
}

#[test]
fn stalls_before_and_after_a_hole_without_totals_are_two() {
    check(
        "0 play #0; 0 frame #1; 1000 waiting #2; 4000 beat #5 state=playing; 5000 waiting #6; \
         6000 playing #7; 7000 beat #8",
        "startup 0 playing 3000 rebuffer 4000 rebuffers 2",
    );
}

#[test]
fn an_open_stall_the_client_counted_leaves_room_for_a_lost_one() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 1000 waiting #2; \
         2000 beat #3 state=rebuffering totals=playing:1000,rebuffer:1000,rebuffers:1; \
         9000 beat #7 state=playing totals=playing:5000,rebuffer:4000,rebuffers:2",
        "startup 0 playing 5000 rebuffer 4000 rebuffers 2",
    );
}

#[test]
fn an_end_named_after_a_failure_is_the_failure() {
    check(
        "0 play #0; 0 frame #1; 1000 fatal #2; 2000 beat #4 state=ended; 3000 beat #5",
        "startup 0 playing 2000 ended 1000 vpf true end error",
    );
    check(
        "0 play #0; 500 fatal #1; 900 beat #3 state=ended; 2000 beat #4",
        "no_start 500 ended 1500 vsf true end error",
    );
}

#[test]
fn a_number_used_twice_fills_no_hole() {
    let start = "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0";
    let told = "state=playing totals=playing:1000,paused:4000";
    // #2 twice: #3 is lost all the same.
    check(
        &format!("{start}; 500 playing #2; 1000 beat #2 totals=playing:1000; 5000 beat #4 {told}"),
        "startup 0 playing 1000 paused 4000",
    );
    // #3 twice: #2 is lost all the same.
    check(
        &format!("{start}; 500 playing #3; 5000 beat #3 {told}"),
        "startup 0 playing 1000 paused 4000",
    );
}

#[test]
fn of_the_numbers_ahead_64_are_remembered_and_the_rest_counts_as_lost() {
    let ahead = |last: i64| {
        let mut timeline = "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0".to_owned();
        for seq in 3..=last {
            timeline.push_str(&format!("; 500 playing #{seq}"));
        }
        format!(
            "{timeline}; 1000 beat #2 totals=playing:1000; 5000 beat #{} state=playing totals=playing:1000,paused:4000",
            last + 1
        )
    };
    check(&ahead(66), "startup 0 playing 5000");
    check(&ahead(67), "startup 0 playing 1000 paused 4000");
}
