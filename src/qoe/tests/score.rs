//! The experience score, worked out by hand from the formulas of docs/METRICS.md.

use super::summarize;

#[track_caller]
fn check_score(timeline: &str, expected: &str) {
    let score = summarize(timeline).experience_score;
    let text = score.map_or("-".to_owned(), |score| format!("{score:.3}"));
    assert_eq!(text, expected, "{timeline}");
}

#[test]
fn startup_and_smoothness_make_the_mean() {
    // 800 ÷ (8 + 2) = 80; no stalls: 100.
    check_score("0 play; 2000 frame; 20000 beat", "90.000");
    // 2 stalls, 2 of 20 s: ½ (100 ÷ √2 + 100 e^−1) = ½ (70.7107 + 36.7879) = 53.7493; startup 80.
    check_score(
        "0 play; 2000 frame; 4000 waiting; 5000 playing; 8000 waiting; 9000 playing; 20000 beat",
        "66.875",
    );
}

#[test]
fn stalls_too_short_to_count_leave_smoothness_alone() {
    check_score(
        "0 play; 0 frame; 4000 waiting; 4249 playing; 9000 beat",
        "100.000",
    );
}

#[test]
fn upscaling_is_a_component_where_the_player_size_is_sent() {
    // 1920 ÷ 1280 − 1 = 0.5 all along: 100 e^(−0.33 · 0.5) = 84.7894; (100 + 100 + 84.7894) ÷ 3.
    let size = "pw=1920 ph=1080 w=1280 h=720";
    check_score(&format!("0 play {size}; 0 frame; 9000 beat"), "94.930");
    // Half of the time at full size: Umax 0.5, Uavg 0.25: 100 e^(−0.33 · 0.2875) = 90.9487.
    check_score(
        &format!("0 play {size}; 0 frame; 4000 quality w=1920 h=1080; 8000 beat"),
        "96.983",
    );
    // Letterboxed or cut off at the sides: the lesser of both counts, 0.5 again.
    for size in [
        "pw=1920 ph=2160 w=1280 h=720",
        "pw=3840 ph=1080 w=1280 h=720",
    ] {
        check_score(&format!("0 play {size}; 0 frame; 9000 beat"), "94.930");
    }
    // A smaller player than video is no upscaling, and neither is one that only letterboxes.
    check_score(
        "0 play pw=640 ph=360 w=1280 h=720; 0 frame; 9000 beat",
        "100.000",
    );
    check_score(
        "0 play pw=2560 ph=720 w=1280 h=720; 0 frame; 9000 beat",
        "100.000",
    );
}

#[test]
fn a_startup_that_was_not_seen_is_no_component() {
    check_score("0 beat; 0 frame; 9000 beat", "100.000");
    // 1 stall, 1 of 10 s: ½ (100 ÷ √1.25 + 100 e^−1) = ½ (89.4427 + 36.7879).
    check_score("0 frame; 4000 waiting; 5000 playing; 10000 beat", "63.115");
}

#[test]
fn a_failure_scores_0() {
    check_score("0 play; 900 fatal", "0.000");
    check_score("0 play; 0 frame; 5000 fatal; 6000 beat", "0.000");
    check_score("0 play; 0 frame; 5000 fatal; 15000 beat", "100.000");
}

#[test]
fn an_exit_before_the_start_scores_half_of_the_startup_it_waited() {
    check_score("0 play; 999 beat", "-");
    check_score("0 play; 2000 beat", "40.000");
    check_score("0 play; 8000 close", "25.000");
}

#[test]
fn without_a_play_intent_there_is_no_score() {
    check_score("0 load; 9000 close", "-");
    check_score("0 load; 10 fatal; 9000 close", "-");
    check_score("", "-");
}
