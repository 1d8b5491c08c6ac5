//! Rules 1 to 6, each by name: the order, and what six events leave to infer.

use super::{check, events};
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
fn rule_3_a_first_frame_is_not_dated_back_beyond_its_play() {
    // 1.4 s of media 0.5 s after PLAY: the 10 s of waiting before the pause stay startup.
    check(
        "0 play; 10000 pause; 20000 play@0; 20500 quality@1.4; 21000 beat",
        "startup 10000 idle 10000 playing 1000",
    );
}
