//! Rules 7 to 13, each by name; rule 11 has its own file, `loss`.

use super::{check, summarize};

#[test]
fn rule_7_what_lags_by_more_than_a_second_is_gap() {
    check(
        "0 play@0; 0 frame@0; 10000 beat@9",
        "startup 0 playing 10000",
    );
    check(
        "0 play@0; 0 frame@0; 10000 beat@3",
        "startup 0 playing 4000 gap 6000",
    );
    // A night asleep: 8 h of wall, 20 s of media.
    check(
        "0 play@0; 0 frame@0; 28800000 pause@20",
        "startup 0 playing 21000 gap 28779000 pauses 1",
    );
    check(
        "0 play@0; 0 frame@0 rate=0.5; 10000 beat@5",
        "startup 0 playing 10000",
    );
}

#[test]
fn rule_7_extra_events_change_nothing() {
    let expected = "startup 0 playing 4000 gap 6000";
    check("0 play@0; 0 frame@0; 10000 beat@3", expected);
    check(
        "0 play@0; 0 frame@0; 2000 beat@0.6; 5000 beat@1.5; 10000 beat@3",
        expected,
    );
    check(
        "0 play@0; 0 frame@0; 2000 beat; 5000 beat; 10000 beat@3",
        expected,
    );
    check(
        "0 play@0; 0 frame@0; 2000 beat; 5000 beat@1.5; 9999 unknown; 10000 beat@3",
        expected,
    );
}

#[test]
fn rule_7_the_lag_is_forgotten_when_the_run_ends() {
    check(
        "0 play@0; 0 frame@0; 10000 pause@9; 11000 play@9; 21000 beat@18",
        "startup 0 playing 20000 paused 1000 pauses 1",
    );
    check(
        "0 play@0; 0 frame@0; 10000 beat@9; 20000 beat@18",
        "startup 0 playing 19000 gap 1000",
    );
}

#[test]
fn rule_7_an_unknown_position_allows_30_s_of_silence_to_our_plugin() {
    check("0 play; 0 frame; 100000 beat", "startup 0 playing 100000");
    check(
        "ours: 0 play; 0 frame; 100000 beat",
        "startup 0 playing 30000 gap 70000",
    );
    check(
        "ours: 0 play; 0 frame; 25000 beat; 50000 beat",
        "startup 0 playing 50000",
    );
    // The next position tells that it was played after all.
    check(
        "ours: 0 play@0; 0 frame@0; 50000 beat; 60000 beat@60",
        "startup 0 playing 60000",
    );
}

#[test]
fn rule_7_waits_take_30_s_of_silence_with_seq_and_300_s_without() {
    check("ours: 0 play; 40000 beat", "no_start 30000 gap 10000");
    check("0 play; 400000 beat", "no_start 300000 gap 100000");
    check(
        "ours: 0 play; 0 frame; 0 waiting; 40000 beat",
        "startup 0 rebuffer 30000 rebuffers 1 gap 10000",
    );
    check(
        "0 play; 0 frame; 0 waiting; 400000 beat",
        "startup 0 rebuffer 300000 rebuffers 1 gap 100000",
    );
    check(
        "ours: 0 play; 0 frame; 0 seek; 40000 beat",
        "startup 0 seek 30000 seeks 1 gap 10000",
    );
    check(
        "ours: 0 play; 0 frame; 0 pause; 4000000 beat",
        "startup 0 paused 4000000 pauses 1",
    );
}

#[test]
fn rule_8_a_seek_lasts_from_its_stamp_for_its_duration() {
    check(
        "ours: 0 play; 0 frame; 1000 seek for=700; 5000 beat",
        "startup 0 playing 4300 seek 700 seeks 1",
    );
    check(
        "ours: 0 play; 0 frame; 1000 seek for=3000; 2000 beat; 3000 beat; 5000 beat",
        "startup 0 playing 2000 seek 3000 seeks 1",
    );
}

#[test]
fn rule_8_a_seek_is_played_up_to_where_it_began() {
    // Its own position is where it led. 4 s were played of the 10 s before it, and 1 s is lag.
    check(
        "ours: 0 play@0; 0 frame@0; 10000 seek@300 left=4 to=300 for=500; 10500 beat@300",
        "startup 0 playing 5000 gap 5000 seek 500 seeks 1",
    );
    // Not knowing where it left, it was played.
    check(
        "ours: 0 play@0; 0 frame@0; 10000 seek@300 to=300 for=500; 10500 beat@300",
        "startup 0 playing 10000 seek 500 seeks 1",
    );
}

#[test]
fn rule_8_what_is_over_leaves_no_wait_behind() {
    check(
        "ours: 0 play; 0 frame; 1000 waiting; 1500 seek for=1000; 3000 pause; 4000 play; 5000 beat",
        "startup 0 playing 2500 rebuffer 500 rebuffers 1 seek 1000 seeks 1 paused 1000 pauses 1",
    );
    check(
        "0 play@0; 0 playing@0; 1000 waiting@30; 2000 ended; 3000 play; 4000 pause; 5000 play; 6000 beat",
        "startup 0 playing 3000 seek 1000 seeks 1 ended 1000 paused 1000 pauses 1",
    );
}

#[test]
fn rule_8_a_fatal_error_that_ends_a_seek_is_no_error_while_playing() {
    // The plugin ends the seek where the error stands, or else its rest would be playing.
    check(
        "ours: 0 play; 0 frame; 1000 seek for=2000; 3000 fatal; 9000 beat",
        "startup 0 playing 1000 seek 2000 seeks 1 ended 6000",
    );
}

#[test]
fn rule_8_a_seek_may_outlast_a_pause() {
    check(
        "ours: 0 play; 0 frame; 1000 seek for=4000; 2000 pause; 4000 play; 6000 beat",
        "startup 0 playing 2000 seek 2000 seeks 1 paused 2000 pauses 1",
    );
    check(
        "ours: 0 play; 0 frame; 1000 pause; 2000 seek for=3000; 4000 play; 6000 beat",
        "startup 0 playing 2000 seek 1000 seeks 1 paused 3000 pauses 1",
    );
    check(
        "ours: 0 play; 0 frame; 1000 pause; 2000 seek for=500; 4000 play; 6000 beat",
        "startup 0 playing 3000 seeks 1 paused 3000 pauses 1",
    );
}

#[test]
fn rule_9_what_is_buffered_still_plays_after_a_fatal_error() {
    check(
        "0 play; 0 frame; 5000 fatal buf=4; 9000 waiting; 12000 beat",
        "startup 0 playing 9000 ended 3000 vpf true end error",
    );
    check(
        "0 play; 0 frame; 5000 fatal; 9000 beat",
        "startup 0 playing 9000 vpf true end error",
    );
}

#[test]
fn rule_9_playing_on_for_10_s_takes_the_failure_back() {
    check(
        "0 play; 0 frame; 5000 fatal; 14999 beat",
        "startup 0 playing 14999 vpf true",
    );
    check(
        "0 play; 0 frame; 5000 fatal; 15000 beat",
        "startup 0 playing 15000 vpf false fatals 1 end idle_timeout",
    );
    check(
        "0 play; 0 frame; 5000 fatal; 20000 waiting; 21000 playing; 22000 beat",
        "startup 0 playing 21000 rebuffer 1000 rebuffers 1 vpf false",
    );
    // With 20 s in the buffer, the wait after 15 s of them is still the failure.
    check(
        "0 play; 0 frame; 5000 fatal buf=20; 20000 waiting; 21000 beat",
        "startup 0 playing 20000 ended 1000 vpf true",
    );
}

#[test]
fn rule_9_a_player_that_recovered_rebuffers_again() {
    check(
        "0 play; 0 frame; 5000 fatal; 6000 waiting; 7000 playing; 8000 waiting; 9000 playing; 9500 beat",
        "startup 0 playing 7500 ended 1000 rebuffer 1000 rebuffers 1 vpf true",
    );
}

#[test]
fn rule_10_the_reason_says_where_a_wait_led() {
    let ended = |reason: &str| {
        format!("ours: 0 play; 0 frame; 500 waiting; 1500 playing reason={reason}; 2000 beat")
    };
    let then = |rest: &str| format!("startup 0 rebuffer 1000 rebuffers 1 {rest}");
    check(&ended("resumed"), &then("playing 1000"));
    check(&ended("progress"), &then("playing 1000"));
    check(&ended("seek"), &then("playing 1000"));
    check(&ended("pause"), &then("playing 500 paused 500 pauses 1"));
    check(&ended("error"), &then("playing 500 ended 500"));
    check(&ended("ended"), &then("playing 500 ended 500"));
}

#[test]
fn rule_10_a_stall_that_a_seek_took_over_does_not_cut_the_seek() {
    check(
        "ours: 0 play; 0 frame; 500 waiting; 1500 playing reason=seek; 1500 seek for=2000; 5000 beat",
        "startup 0 playing 2000 rebuffer 1000 rebuffers 1 seek 2000 seeks 1",
    );
    check(
        "ours: 0 play; 0 frame; 500 waiting; 1500 seek for=2000; 1501 playing reason=seek; 5000 beat",
        "startup 0 playing 2000 rebuffer 1000 rebuffers 1 seek 2000 seeks 1",
    );
}

#[test]
fn rule_12_counters_may_restart() {
    let frames = summarize(
        "0 play frames=100 dropped=4; 9 beat frames=250 dropped=6; 10 beat frames=50 dropped=0; 20 beat frames=90 dropped=1",
    );
    // 100 + 150 + 50 + 40, and 4 + 2 + 0 + 1.
    assert_eq!(frames.decoded_frames, Some(340));
    assert_eq!(frames.dropped_frames, Some(7));
}

#[test]
fn rule_13_what_is_missing_is_null() {
    check(
        "0 load; 9 beat",
        "idle 9 startup - rebuffer_ratio - bitrate - min_bitrate - max_bitrate - dropped - decoded - \
         dropped_ratio - fps - rtt - downlink - min_buffer - first_error - completion - completeness - \
         score - watch_time - pause_time - interactions - end idle_timeout clean false",
    );
}

#[test]
fn rule_13_client_totals_are_stored_as_reported() {
    check(
        "0 play watch=0 paused=0 n=1; 500 beat watch=99999 paused=7 n=2; 600 beat",
        "no_start 600 watch_time 99999 pause_time 7 interactions 2",
    );
    check(
        "0 play watch=-5 paused=-1 n=-2",
        "watch_time - pause_time - interactions -",
    );
}
