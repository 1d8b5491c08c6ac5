//! The measures besides the partition.

use super::{check, summarize};

#[test]
fn watched_is_every_part_a_viewer_sat_through() {
    check(
        "0 load; 1000 play; 2000 frame; 5000 waiting; 6000 playing; 8000 seek for=500; 9000 pause; 9900 close; 9999 beat",
        "idle 1000 startup 1000 playing 5500 rebuffer 1000 rebuffers 1 seek 500 seeks 1 paused 900 \
         pauses 1 gap 99 watched 8000 session 9999 rebuffer_ratio 0.15384615384615385",
    );
}

#[test]
fn the_rebuffer_ratio_is_null_without_playing_and_leaves_seeks_out() {
    check("0 play; 900 beat", "no_start 900 rebuffer_ratio -");
    check(
        "0 play; 0 frame; 3000 waiting; 4000 seek; 9000 beat",
        "startup 0 playing 3000 rebuffer 1000 rebuffers 1 seek 5000 seeks 1 rebuffer_ratio 0.25",
    );
}

#[test]
fn a_stall_counts_from_250_ms_on() {
    check(
        "0 play; 0 frame; 500 waiting; 749 playing; 900 beat",
        "startup 0 playing 900 micro 249 micros 1",
    );
    check(
        "0 play; 0 frame; 500 waiting; 750 playing; 900 beat",
        "startup 0 playing 650 rebuffer 250 rebuffers 1",
    );
    check(
        "0 play; 0 frame; 500 waiting; 749 beat",
        "startup 0 playing 749 micro 249 micros 1",
    );
}

#[test]
fn the_first_quality_is_no_switch_and_one_that_was_never_shown_counts_nowhere() {
    check(
        "0 play; 100 quality kbps=500; 500 frame; 900 beat",
        "startup 500 playing 400 up 0 down 0 min_bitrate 500",
    );
    check(
        "0 play; 100 quality kbps=500; 200 quality kbps=2000; 500 frame; 600 quality kbps=900; 900 quality kbps=900",
        "startup 500 playing 400 up 0 down 1 min_bitrate 900 max_bitrate 2000",
    );
}

#[test]
fn samples_are_averaged_and_nonsense_is_no_sample() {
    check(
        "0 play fps=30 rtt=50 downlink=10 buf=2.5; 5 beat fps=25 rtt=100 downlink=5 buf=0.75; 9 beat fps=-1 rtt=-1 downlink=-0.5 buf=-3",
        "no_start 9 fps 27.5 rtt 75 downlink 7.5 min_buffer 750",
    );
}

#[test]
fn dropped_frames_are_a_share_of_all_frames() {
    check(
        "0 play frames=0 dropped=0; 9 beat frames=400 dropped=10",
        "no_start 9 dropped 10 decoded 400 dropped_ratio 0.025",
    );
    check(
        "0 play frames=0 dropped=0",
        "dropped 0 decoded 0 dropped_ratio -",
    );
    check("0 play dropped=5", "dropped 5 decoded - dropped_ratio -");
    check("0 play dropped=9 frames=5", "dropped_ratio 1");
}

#[test]
fn the_first_fatal_error_is_named_before_any_other() {
    let errors = "0 play; 1 error details=first; 2 fatal type=network; 3 error details=third; 4 fatal details=last";
    check(
        errors,
        "no_start 2 ended 2 errors 4 fatals 2 first_error network vsf true",
    );
}

#[test]
fn start_failures_exits_and_playback_failures_are_told_apart() {
    check(
        "0 play; 500 fatal",
        "no_start 500 vsf true ebvs false vpf false",
    );
    check(
        "0 play; 500 close",
        "no_start 500 vsf false ebvs true vpf false",
    );
    check(
        "0 play; 0 frame; 500 fatal",
        "startup 0 playing 500 vsf false ebvs false vpf true",
    );
    check(
        "0 load; 500 close",
        "idle 500 vsf false ebvs false vpf false",
    );
}

#[test]
fn the_end_has_a_reason() {
    let ended = |rest: &str| summarize(&format!("0 play; 0 frame; {rest}")).end_reason;
    assert_eq!(ended("9 beat"), "idle_timeout");
    assert_eq!(ended("9 ended"), "ended");
    assert_eq!(ended("9 close reason=page_close"), "page_close");
    assert_eq!(ended("9 close reason=source_change"), "source_change");
    assert_eq!(ended("9 close reason=destroy"), "destroy");
    assert_eq!(ended("9 waiting; 99 fatal"), "error");
    assert_eq!(ended("9 ended; 99 close reason=page_close"), "ended");
    assert_eq!(
        ended("9 close reason=page_close; 99 close reason=destroy"),
        "page_close"
    );
    assert_eq!(ended("9 ended; 99 play; 999 beat"), "idle_timeout");
    assert!(summarize("0 play; 9 ended").clean_exit);
    assert!(!summarize("0 play; 9 beat").clean_exit);
}

#[test]
fn completion_needs_a_known_length_and_no_live_stream() {
    check(
        "0 load duration=100; 9 beat@40; 10 beat@20",
        "idle 10 completion 0.4",
    );
    check("0 load duration=100; 9 beat@400", "idle 9 completion 1");
    check("0 load duration=100 live; 9 beat@40", "idle 9 completion -");
    check("0 load; 9 beat@40", "idle 9 completion -");
    check("0 load duration=0; 9 beat@40", "idle 9 completion -");
    check("0 load duration=10; 9 beat@-0", "idle 9 completion 0");
    check(
        "0 load duration=0; 5 load duration=100; 9 beat@40",
        "idle 9 completion 0.4",
    );
}

#[test]
fn times_are_corrected_by_the_smallest_clock_offset() {
    // The client's clock is 5000 ms slow; the second batch travelled 40 ms, the first 300.
    check(
        "0 play created=5400 sent=100; 1000 beat created=6340 sent=1300",
        "no_start 1000 started_at 5040 last_at 6040",
    );
    check(
        "0 play created=500; 1000 beat created=1500",
        "no_start 1000 started_at 0 last_at 1000",
    );
}

#[test]
fn nothing_lies_after_the_servers_clock() {
    check(
        "0 play created=-70; 1000 beat created=600",
        "no_start 1000 started_at -70 last_at 600",
    );
    check(
        "0 play created=900 sent=0; 1000 beat created=1200",
        "no_start 1000 started_at 900 last_at 1200",
    );
    check(
        "0 play created=900; 1000 beat created=-50",
        "no_start 1000 started_at -50 last_at -50",
    );
}
