//! What other systems got wrong, each by its number in the list of measurement pitfalls, worked out by
//! hand. Two of them the fold cannot see. 15, ads: no event tells of one, so a pre-roll is another
//! session or none, and what it waits is startup. 12 in part: whoever sends no bitrate has none, and
//! that the height comes from the element's `resize` is the client's duty.

use super::check;

#[test]
fn pitfall_01_a_seek_is_no_rebuffer_though_waiting_fires_for_both() {
    // 1 s startup; 10 + 10 + 6 s playing; 2 s seek; 1 s stall. 1 ÷ 27 without the seek, 1 ÷ 29 with it.
    check(
        "0 play@0; 0 waiting@0; 1000 playing@0; 11000 waiting@60; 13000 playing@60; 23000 waiting@70; \
         24000 playing@70; 30000 pause@76 buf=9",
        "startup 1000 playing 26000 seek 2000 seeks 1 rebuffer 1000 rebuffers 1 pauses 1 \
         rebuffer_ratio 0.037037037037037035 watched 30000",
    );
}

#[test]
fn pitfall_02_a_buffer_stalled_error_is_neither_a_stall_nor_a_failure() {
    // It comes while starting, while playing with 87 s ahead and while paused; nothing stalled.
    check(
        "0 play@0; 0 waiting@0; 500 error@0 details=bufferStalledError; 2000 playing@0; \
         5000 error@3 details=bufferStalledError buf=87; 8000 pause@6 buf=87; 9000 error@6 details=bufferStalledError; \
         10000 beat@6",
        "startup 2000 playing 6000 paused 2000 pauses 1 errors 3 fatals 0 vsf false vpf false",
    );
}

#[test]
fn pitfall_03_a_playhead_that_stands_without_a_word_is_not_playing() {
    // 10 s, then 3 s of media in 10 s: 7 s are missing, 1 s of lag is allowed, 6 s are gap.
    check(
        "ours: 0 play@0; 0 frame@0; 10000 beat@10; 20000 beat@13; 30000 beat@23",
        "startup 0 playing 24000 gap 6000",
    );
    // What a client's watchdog noticed: 0.3 s frozen is a rebuffer, 0.2 s a hiccup.
    check(
        "ours: 0 play@0; 0 frame@0; 5000 waiting@5; 5300 playing@5 reason=progress; 8000 waiting@7.7; \
         8200 playing@7.7 reason=progress; 9000 beat@8.5",
        "startup 0 playing 8700 rebuffer 300 rebuffers 1 micro 200 micros 1",
    );
}

#[test]
fn pitfall_04_an_open_stall_ends_at_the_last_sign_of_life_and_is_capped() {
    check(
        "0 play; 0 frame; 1000 waiting; 3000 beat",
        "startup 0 playing 1000 rebuffer 2000 rebuffers 1",
    );
    check(
        "0 play; 0 frame; 1000 waiting; 28801000 playing",
        "startup 0 playing 1000 rebuffer 300000 rebuffers 1 gap 28500000",
    );
}

#[test]
fn pitfall_04_a_player_paused_overnight_plays_nothing() {
    // 10 s, then 8 h.
    check(
        "ours: 0 play@0; 0 frame@0; 10000 pause@10; 28810000 beat@10",
        "startup 0 playing 10000 paused 28800000 pauses 1",
    );
}

#[test]
fn pitfall_05_neither_a_pause_nor_a_seek_before_the_first_frame_is_startup() {
    check(
        "0 play; 500 pause; 60500 play; 61000 frame; 62000 beat",
        "startup 1000 idle 60000 playing 1000",
    );
    // A seek in the poster: nothing is wanted yet, so 1 s is idle, and 1 s startup.
    check(
        "0 load; 500 seek for=300; 1000 play; 2000 frame; 3000 beat",
        "idle 1000 startup 1000 playing 1000",
    );
}

#[test]
fn pitfall_06_an_autoplay_that_was_blocked_is_idle_until_the_viewer_plays() {
    check(
        "0 quality@0; 3000 play@0; 5000 quality@1.9",
        "idle 3000 startup 100 playing 1900",
    );
}

#[test]
fn pitfall_06_a_start_in_a_background_tab_takes_no_days() {
    // Two days of silence before the first frame: 30 s of them count, 300 s without heartbeats.
    check(
        "ours: 0 play; 172800000 frame; 172801000 beat",
        "startup 30000 gap 172770000 playing 1000",
    );
    check(
        "0 play; 0 waiting; 172800000 playing; 172801000 beat",
        "startup 300000 gap 172500000 playing 1000",
    );
}

#[test]
fn pitfall_07_heartbeats_of_a_background_tab_are_no_watch_time() {
    // Heartbeats go on in a throttled tab whose playhead stands: the rest is gap.
    check(
        "ours: 0 play@0; 0 frame@0; 10000 beat@10; 70000 beat@10; 130000 beat@10",
        "startup 0 playing 11000 gap 119000",
    );
}

#[test]
fn pitfall_08_a_clock_that_jumps_gives_no_negative_duration() {
    // Set back by 6 s after 10 s: the next stamps lie among the earlier ones, and are sorted there.
    check(
        "0 play; 0 frame; 10000 beat; 4000 beat; 5000 beat",
        "startup 0 playing 10000 session 10000",
    );
    // Set forward by an hour: a playhead that went on by 1 s tells that nothing was seen of it.
    check(
        "0 play@0; 0 frame@0; 10000 beat@10; 3611000 beat@11",
        "startup 0 playing 12000 gap 3599000",
    );
}

#[test]
fn pitfall_08_a_client_a_year_ahead_is_dated_by_the_servers_clock() {
    // Received at 40 ms and 1060 ms of our time, 30 and 50 ms after it was sent.
    check(
        "31536000000 play created=40 sent=31536000010; 31536001000 frame created=1060 sent=31536001010",
        "startup 1000 started_at 30 last_at 1030",
    );
}

#[test]
fn pitfall_09_playing_at_half_speed_is_watched_for_twice_as_long() {
    check(
        "0 play@0; 0 frame@0; 10000 rate@10 rate=0.5; 30000 beat@20; 40000 rate@25 rate=2; 50000 beat@45",
        "startup 0 playing 50000",
    );
    check(
        "0 play@0; 0 frame@0; 10000 rate@10 rate=0; 20000 rate@20 rate=-3; 30000 beat@30",
        "startup 0 playing 30000",
    );
}

#[test]
fn pitfall_10_bitrate_is_weighted_by_the_time_it_was_played() {
    // 2 s at 1000 and 6 s at 3000; the stall and the pause weigh nothing.
    check(
        "0 play kbps=1000 h=360; 500 frame; 2500 quality kbps=3000 h=720; 4500 waiting; 6500 playing; \
         8500 pause; 9500 play; 11500 beat",
        "startup 500 playing 8000 rebuffer 2000 rebuffers 1 paused 1000 pauses 1 bitrate 2500 \
         bitrate_known 8000 min_bitrate 1000 max_bitrate 3000 up 1 down 0 heights 360:2000,720:6000",
    );
}

#[test]
fn pitfall_11_frame_counters_start_over_and_may_be_absent() {
    // Re-attached after 1000 frames with 10 dropped: 1000 + 200 and 10 + 1; 11 ÷ 1200.
    check(
        "0 play; 0 frame frames=0 dropped=0; 40000 beat frames=1000 dropped=10; 48000 beat frames=200 dropped=1",
        "startup 0 playing 48000 decoded 1200 dropped 11 dropped_ratio 0.009166666666666667",
    );
    check(
        "0 play; 0 frame; 8000 beat",
        "startup 0 playing 8000 decoded - dropped - dropped_ratio -",
    );
}

#[test]
fn pitfall_12_native_playback_without_bitrates_has_none() {
    check(
        "0 play; 0 frame h=720 w=1280; 5000 beat; 9000 quality h=360; 9500 beat",
        "startup 0 playing 9500 bitrate - bitrate_known 0 min_bitrate - heights 360:500,720:9000",
    );
    check(
        "0 play; 0 frame kbps=0 h=0 w=-1; 900 beat",
        "startup 0 playing 900 bitrate - heights -",
    );
}

#[test]
fn pitfall_13_a_live_stream_counts_positions_from_1970() {
    check(
        "0 play@1700000000; 0 frame@1700000000; 10000 waiting@1700000010; 12000 playing@1700000010",
        "startup 0 playing 10000 rebuffer 2000 rebuffers 1",
    );
    // A DVR seek 1010 s back, and completion means nothing.
    check(
        "0 load live; 0 play@1700000000; 0 frame@1700000000; 10000 waiting@1699999000; 12000 playing@1699999000",
        "startup 0 playing 10000 seek 2000 seeks 1 completion -",
    );
}

#[test]
fn pitfall_14_a_loop_is_playing() {
    check(
        "0 play@40; 0 frame@40; 10000 beat@2; 20000 beat@12",
        "startup 0 playing 20000",
    );
}

#[test]
fn pitfall_14_a_replay_and_a_restored_page_go_on_with_one_session() {
    // 1 s startup, 4 s to the end, 3 s ended, 2 s again; away for 50 s; 1 s more.
    check(
        "ours: 0 play; 1000 frame; 5000 ended; 8000 play; 10000 close reason=page_close; \
         60000 play; 61000 close reason=destroy",
        "startup 1000 playing 7000 ended 3000 gap 50000 end destroy",
    );
}

#[test]
fn pitfall_16_non_fatal_and_aborted_errors_are_no_failures() {
    check(
        "0 play; 0 frame; 100 error details=bufferStalledError; 200 fatal details=MEDIA_ERR_ABORTED; 300 error; 900 beat",
        "startup 0 playing 900 errors 3 fatals 0 vsf false vpf false first_error bufferStalledError",
    );
    check(
        "0 play; 100 fatal type=MEDIA_ERR_ABORTED; 900 beat",
        "no_start 900 errors 1 fatals 0 vsf false ebvs true",
    );
}

#[test]
fn pitfall_17_a_failed_start_has_no_startup_rather_than_one_of_0() {
    // So a mean over sessions leaves it out. Ratios over sessions are the views' part: Σ ÷ Σ.
    check(
        "0 play; 8000 fatal; 9000 beat",
        "startup - no_start 8000 ended 1000 vsf true rebuffer_ratio - score 0.000",
    );
    check(
        "0 play; 8000 close",
        "startup - no_start 8000 ebvs true rebuffer_ratio -",
    );
}

#[test]
fn pitfall_18_seeks_at_most_2_s_apart_are_one_and_the_time_between_stays_what_it_was() {
    let seeks = |second: i64| {
        format!("ours: 0 play; 0 frame; 1000 seek for=500; {second} seek for=500; 9000 beat")
    };
    check(&seeks(3500), "startup 0 playing 8000 seek 1000 seeks 1");
    check(&seeks(3501), "startup 0 playing 8000 seek 1000 seeks 2");
    check(&seeks(1200), "startup 0 playing 8300 seek 700 seeks 1");
    // From the end of one to the beginning of the next: 1 s here.
    check(
        "0 play@0; 0 playing@0; 1000 waiting@30; 5000 playing@30; 6000 waiting@60; 7000 playing@60",
        "startup 0 playing 2000 seek 5000 seeks 1",
    );
}
