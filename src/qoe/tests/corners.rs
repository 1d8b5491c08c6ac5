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
