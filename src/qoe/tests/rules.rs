//! The thirteen rules, each by name.

use super::{check, events, summarize};
use crate::qoe::Event;

/// The ids of a timeline's events in rule 1's order.
fn order(timeline: &str) -> String {
    let mut events = events(timeline);
    events.sort_by(Event::order);
    let ids: Vec<&str> = events.iter().map(|event| &*event.event_id).collect();
    ids.join(" ")
}

#[test]
fn rule_1_play_comes_before_the_wait_of_its_millisecond() {
    assert_eq!(order("5 waiting id=b n=1; 5 play id=a n=1"), "a b");
    check(
        "0 waiting; 0 play; 700 playing; 900 beat",
        "startup 700 playing 200",
    );
}

#[test]
fn rule_1_the_end_of_an_earlier_wait_comes_before_the_next_wait() {
    assert_eq!(
        order("9 waiting id=c; 9 playing id=b from=4; 9 playing id=d from=9"),
        "b c d"
    );
}

#[test]
fn rule_1_is_time_then_seq_then_interactions_then_cause_then_id() {
    assert_eq!(order("2 play id=a #0; 1 play id=b #9"), "b a");
    assert_eq!(order("1 play id=a #2; 1 close id=b #1"), "b a");
    assert_eq!(order("1 play id=a; 1 close id=b #9"), "b a");
    assert_eq!(
        order("1 play id=a n=2; 1 pause id=b n=1; 1 close id=c"),
        "c b a"
    );
    assert_eq!(
        order("1 beat id=B; 1 beat id=a; 1 beat id=10; 1 beat id=9"),
        "10 9 B a"
    );
    let every = "1 unknown id=p; 1 close id=o; 1 ended id=n; 1 pause id=m; 1 visibility id=l; \
        1 beat id=k; 1 error id=j; 1 rate id=i; 1 quality id=h; 1 playing id=g; 1 waiting id=f; \
        1 playing from=0 id=e; 1 seek id=d; 1 frame id=c; 1 play id=b; 1 load id=a";
    assert_eq!(order(every), "a b c d e f g h i j k l m n o p");
}

#[test]
fn rule_2_our_wait_is_a_rebuffer_wherever_the_playhead_is() {
    let jump = |ours: &str| {
        format!("{ours}0 play@0; 0 frame@0; 5000 waiting@40; 6000 playing@40; 7000 beat@41")
    };
    check(&jump(""), "startup 0 playing 6000 seek 1000 seeks 1");
    check(
        &jump("ours:"),
        "startup 0 playing 6000 rebuffer 1000 rebuffers 1",
    );
    // A pause with an empty buffer is a pause when our plugin says so.
    check(
        "ours: 0 play; 0 frame; 500 pause buf=0; 900 beat",
        "startup 0 playing 500 paused 400 pauses 1",
    );
}

#[test]
fn rule_3_a_moving_playhead_dates_the_first_frame_back() {
    check("0 play@0; 2000 beat@1.5", "startup 500 playing 1500");
    check(
        "0 play@0; 1000 quality@0.1; 2000 pause@1.5; 3000 beat@1.5",
        "startup 500 playing 1500 paused 1000 pauses 1",
    );
    check(
        "0 play@0; 2000 beat@1 rate=2; 3000 beat@3",
        "startup 1000 playing 2000",
    );
    // 2 s of media at double speed are 1 s of wall.
    check("0 play@0 rate=2; 2000 beat@2", "startup 1000 playing 1000");
}

#[test]
fn rule_3_a_start_position_is_no_movement() {
    check("0 play@0; 2000 beat@0.25", "no_start 2000");
    check("0 play@0; 2000 beat@3.1", "no_start 2000");
    check(
        "0 play@0; 1000 quality@30; 2000 playing@30; 3000 beat@31",
        "startup 2000 playing 1000",
    );
    check(
        "0 play@0; 1000 quality@30; 2500 beat@31",
        "startup 1500 playing 1000",
    );
}

#[test]
fn rule_4_a_jump_before_a_wait_is_a_seek() {
    let wait = |position: &str| {
        format!(
            "0 play@0; 0 playing@0; 10000 waiting@{position}; 12000 playing@{position}; 13000 beat"
        )
    };
    let seek = "startup 0 playing 11000 seek 2000 seeks 1";
    let stall = "startup 0 playing 11000 rebuffer 2000 rebuffers 1";
    check(&wait("10"), stall);
    check(&wait("9.1"), stall);
    check(&wait("10.9"), stall);
    check(&wait("11.1"), seek);
    check(&wait("60"), seek);
    check(&wait("8.9"), seek);
    check(
        "0 play@50; 0 playing@50; 10000 waiting@5; 12000 playing@5; 13000 beat",
        seek,
    );
    // A short step back, in less time than the 1 s that lag may take.
    check(
        "0 play@5; 0 playing@5; 100 waiting@4.7; 600 playing@4.7",
        "startup 0 playing 100 seek 500 seeks 1",
    );
}

#[test]
fn rule_4_a_playhead_more_than_a_minute_behind_slept() {
    check(
        "0 play@0; 0 playing@0; 100000 waiting@30; 102000 playing@30",
        "startup 0 playing 31000 gap 69000 rebuffer 2000 rebuffers 1",
    );
}

#[test]
fn rule_4_frames_that_agree_with_the_distance_were_played() {
    // 25 frames per second are learned in the first 4 s; then 2× unseen: 12 s of media in 6 s.
    let learned = "0 play@0; 0 playing@0 frames=0; 4000 beat@4 frames=100";
    check(
        &format!("{learned}; 10000 waiting@16 frames=400; 11000 playing@16"),
        "startup 0 playing 10000 rebuffer 1000 rebuffers 1",
    );
    check(
        &format!("{learned}; 10000 waiting@16 frames=250; 11000 playing@16"),
        "startup 0 playing 10000 seek 1000 seeks 1",
    );
    // Slower than it should be: played, with a gap. 3 s of 6 are missing, 1 s of lag is allowed.
    check(
        &format!("{learned}; 10000 waiting@7 frames=175; 11000 playing@7"),
        "startup 0 playing 8000 gap 2000 rebuffer 1000 rebuffers 1",
    );
}

#[test]
fn rule_4_the_frame_rate_is_learned_from_steady_playing_alone() {
    // The jump seen at 5000 would make it 1.25 frames per second.
    check(
        "0 play@0; 0 playing@0 frames=0; 4000 beat@4 frames=100; 5000 beat@100 frames=125; \
         10000 waiting@110 frames=375; 11000 playing@110",
        "startup 0 playing 10000 rebuffer 1000 rebuffers 1",
    );
}

#[test]
fn rule_4_a_seek_out_of_a_stall_takes_the_stall_along() {
    check(
        "0 play@0; 0 playing@0; 3000 waiting@3; 6000 playing@30; 7000 beat@31",
        "startup 0 playing 4000 seek 3000 seeks 1",
    );
    check(
        "0 play@0; 0 playing@0; 3000 waiting@3; 4000 waiting@30; 6000 playing@30; 7000 beat@31",
        "startup 0 playing 4000 rebuffer 1000 rebuffers 1 seek 2000 seeks 1",
    );
}

#[test]
fn rule_4_a_seek_goes_on_after_a_pause_within_it() {
    check(
        "0 play@0; 0 playing@0; 1000 waiting@30; 2000 pause@30; 3000 play@30; 4000 playing@30; 5000 beat@31",
        "startup 0 playing 2000 seek 2000 seeks 1 paused 1000 pauses 1",
    );
}

#[test]
fn rule_3_a_wait_that_began_before_the_first_frame_ends_with_it() {
    check(
        "0 play@0; 0 waiting@0; 2000 quality@1.5; 3000 pause@2.5; 4000 play@2.5; 5000 beat@3.5",
        "startup 500 playing 3500 paused 1000 pauses 1",
    );
}

#[test]
fn rule_5_a_playhead_moved_while_paused_makes_the_wait_after_play_a_seek() {
    let resumed = |moved: &str, wait_at: i64| {
        format!(
            "0 play@0; 0 playing@0; 3000 pause@3; 5000 play@{moved}; {wait_at} waiting@{moved}; 7000 playing@{moved}"
        )
    };
    check(
        &resumed("40", 5000),
        "startup 0 playing 3000 paused 2000 pauses 1 seek 2000 seeks 1",
    );
    check(
        &resumed("40", 5900),
        "startup 0 playing 3900 paused 2000 pauses 1 seek 1100 seeks 1",
    );
    check(
        &resumed("3.5", 5000),
        "startup 0 playing 3000 paused 2000 pauses 1 rebuffer 2000 rebuffers 1",
    );
    check(
        "0 play@0; 0 playing@0; 9000 pause@9 buf=0; 10000 play@0; 10000 waiting@0; 10500 playing@0",
        "startup 0 playing 9000 ended 1000 seek 500 seeks 1",
    );
    check(
        "0 play@0; 0 playing@0; 3000 pause@3; 5000 play@40; 6500 waiting@41.5; 7000 playing@41.5",
        "startup 0 playing 4500 paused 2000 pauses 1 rebuffer 500 rebuffers 1",
    );
}

#[test]
fn rule_5_a_pause_at_an_unknown_position_moves_nothing() {
    check(
        "0 play@0; 0 playing@0; 10000 pause; 12000 play@10; 12000 waiting@10; 13000 playing@10",
        "startup 0 playing 10000 paused 2000 pauses 1 rebuffer 1000 rebuffers 1",
    );
}

#[test]
fn rule_6_a_pause_with_an_empty_buffer_is_the_end_of_the_stream() {
    let paused = |buffer: &str| format!("0 play; 0 playing; 9000 pause {buffer}; 9500 beat");
    check(
        &paused("buf=0.09"),
        "startup 0 playing 9000 ended 500 end ended",
    );
    check(
        &paused("buf=0.1"),
        "startup 0 playing 9000 paused 500 pauses 1",
    );
    check(&paused(""), "startup 0 playing 9000 paused 500 pauses 1");
}

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
