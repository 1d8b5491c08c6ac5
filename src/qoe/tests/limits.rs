//! The limits of the rules to the last digit, where a mutated fold went unnoticed.

use super::check;

#[test]
fn rule_3_the_position_at_play_stays_the_base_until_the_playhead_is_put_elsewhere() {
    check(
        "0 play@30; 1000 quality@30.1; 3000 beat@31",
        "startup 2000 playing 1000",
    );
    // 0.2 s in 0.1 s is noise, not another place.
    check(
        "0 play@0; 100 quality@0.2; 2000 beat@1",
        "startup 1000 playing 1000",
    );
}

#[test]
fn rule_3_a_playhead_may_be_1_s_ahead_of_the_wall() {
    check(
        "0 play@0; 1000 quality@1.9; 2000 beat@2.9",
        "startup 0 playing 2000",
    );
}

#[test]
fn rule_3_neither_our_plugin_nor_a_frame_that_says_so_is_dated_back() {
    check("ours: 0 play@0; 2000 beat@1.5", "no_start 2000");
    check(
        "0 play@0; 0 waiting@0; 2000 playing@1.5; 3000 beat@2.5",
        "startup 2000 playing 1000",
    );
}

#[test]
fn rule_4_off_by_1_s_to_the_digit_is_no_seek_and_the_rate_counts() {
    check(
        "0 play@0; 0 playing@0; 10000 waiting@11; 12000 playing@11; 13000 beat",
        "startup 0 playing 11000 rebuffer 2000 rebuffers 1",
    );
    check(
        "0 play@0; 0 playing@0 rate=2; 10000 waiting@20; 11000 playing@20; 12000 beat@22",
        "startup 0 playing 11000 rebuffer 1000 rebuffers 1",
    );
}

#[test]
fn rule_4_half_a_second_of_steady_playing_tells_the_frame_rate() {
    // 12 frames in 0.5 s; then 12 s of media and 288 frames in 6 s.
    check(
        "0 play@0; 0 playing@0 frames=0; 500 beat@0.5 frames=12; 6500 waiting@12.5 frames=300; 7500 playing@12.5",
        "startup 0 playing 6500 rebuffer 1000 rebuffers 1",
    );
    // Off by 0.5 s is steady yet: 84 frames in 3.5 s.
    check(
        "0 play@0; 0 playing@0 frames=0; 4000 beat@3.5 frames=84; 10000 waiting@15.5 frames=372; 11000 playing@15.5",
        "startup 0 playing 10000 rebuffer 1000 rebuffers 1",
    );
}

#[test]
fn rule_4_a_seek_resumed_after_a_long_pause_is_the_same_one() {
    check(
        "0 play@0; 0 playing@0; 1000 waiting@30; 2000 pause@30; 6000 play@30; 7000 playing@30",
        "startup 0 playing 1000 seek 2000 seeks 1 paused 4000 pauses 1",
    );
    check(
        "ours: 0 play; 0 frame; 1000 seek for=9000; 2000 pause; 6000 play; 11000 beat",
        "startup 0 playing 2000 seek 5000 seeks 1 paused 4000 pauses 1",
    );
    // Neither open nor waiting: a seek of its own, though PLAY began it.
    check(
        "0 play@0; 0 playing@0; 1000 pause@1; 1500 waiting@1; 6000 play@30; 7000 playing@30",
        "startup 0 playing 1000 seek 1000 seeks 1 paused 5000 pauses 1",
    );
}

#[test]
fn rule_5_moved_by_1_s_to_the_digit_is_not_moved() {
    check(
        "0 play@0; 0 playing@0; 3000 pause@3; 5000 play@4; 5000 waiting@4; 6000 playing@4",
        "startup 0 playing 3000 paused 2000 pauses 1 rebuffer 1000 rebuffers 1",
    );
}

#[test]
fn rule_7_a_playhead_back_by_a_quarter_second_is_behind_by_it() {
    // 1 s of wall and 0.25 s back: 1.25 s behind.
    check(
        "0 play@1; 0 playing@1; 1000 beat@0.75; 2000 beat@1.75",
        "startup 0 playing 1750 gap 250",
    );
}

#[test]
fn rule_7_the_fraction_of_a_millisecond_stays_in_the_lag() {
    // 1000.6 ms behind is no whole ms of gap, 1001.2 ms is one.
    check(
        "0 play@0; 0 frame@0; 2000 beat@0.9994; 3000 beat@1.9988",
        "startup 0 playing 2999 gap 1",
    );
}

#[test]
fn rule_8_a_seek_is_over_at_its_last_millisecond_and_the_playhead_is_at_its_target() {
    check(
        "ours: 0 play; 0 frame; 1000 seek for=1000; 2000 waiting; 3000 playing; 4000 beat",
        "startup 0 playing 2000 seek 1000 seeks 1 rebuffer 1000 rebuffers 1",
    );
    // 5 of 10 s are missing after it, 1 s of lag is allowed.
    check(
        "ours: 0 play@0; 0 frame@0; 1000 seek left=1 to=100 for=500; 11500 beat@105",
        "startup 0 playing 7000 gap 4000 seek 500 seeks 1",
    );
}

#[test]
fn rule_10_a_wait_that_something_else_took_over_shows_no_frame() {
    for reason in ["seek", "pause", "error", "ended"] {
        check(
            &format!("0 load; 500 playing reason={reason}; 900 beat"),
            "idle 900",
        );
        check(
            &format!("0 play; 500 playing reason={reason}; 900 beat"),
            "no_start 900",
        );
        check(
            &format!("0 play; 500 fatal; 600 playing reason={reason}; 900 beat"),
            "no_start 500 ended 400",
        );
    }
}

#[test]
fn rule_11_a_number_of_an_anchor_anew_is_no_anchor() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 1000 beat #1 totals=playing:3000; \
         5000 beat #3 state=playing totals=playing:5000",
        "startup 0 playing 5000",
    );
}

#[test]
fn rule_11_a_seek_lost_long_after_another_is_a_second_one() {
    check(
        "0 play #0 totals=idle:0; 0 frame #1 totals=idle:0; 1000 seek #2 for=500; \
         8000 beat #3 state=playing totals=playing:7500,seek:500; \
         18000 beat #5 state=playing totals=playing:16500,seek:1500",
        "startup 0 playing 16500 seek 1500 seeks 2",
    );
}

#[test]
fn a_first_frame_after_an_intent_taken_back_has_no_startup() {
    check(
        "0 play; 500 pause; 900 frame; 2000 beat",
        "idle 900 playing 1100 startup -",
    );
}

#[test]
fn a_failure_before_the_farewell_is_the_end() {
    let failed = "0 play; 0 frame; 500 waiting; 1500 fatal; 2000";
    let then = "startup 0 playing 500 rebuffer 1000 rebuffers 1 ended 500 vpf true";
    check(
        &format!("{failed} close reason=page_close"),
        &format!("{then} end error"),
    );
    check(&format!("{failed} ended"), &format!("{then} end ended"));
}

#[test]
fn only_a_new_rendition_leaves_out_what_it_does_not_name() {
    let shown = |change: &str| format!("0 play; 0 frame kbps=1000 h=360; 1000 {change}; 2000 beat");
    let known = |ms: i64| format!("startup 0 playing 2000 bitrate 1000 bitrate_known {ms}");
    check(&shown("beat h=720"), &known(2000));
    check(&shown("beat kbps=0"), &known(2000));
    check(&shown("quality pw=640 ph=360"), &known(2000));
    check(&shown("quality h=720"), &known(1000));
}
