-- What Mux, Conviva and CTA-2066 call their measures, over the parts of session_summaries.
-- A column with a vendor's prefix is the vendor's measure; one without is ours. docs/METRICS.md tells
-- how near each comes. Ratios are 0-1. Over sessions they are a sum divided by a sum, never a mean of
-- ratios; what has nothing to divide by is NULL.

CREATE VIEW session_plays AS
SELECT *, started OR ebvs OR (vsf AND experience_score IS NOT NULL) AS attempted
FROM (
    SELECT project, session_id, (last_event_at AT TIME ZONE 'UTC')::date AS day,
        startup_ms IS NOT NULL OR vpf OR playing_ms + rebuffer_ms + seek_ms + paused_ms > 0 AS started,
        startup_ms, playing_ms, rebuffer_ms, rebuffer_count, seek_ms, seek_count, paused_ms, watched_ms,
        avg_bitrate_kbps, bitrate_known_ms, upswitches, downswitches, avg_fps,
        vsf, ebvs, vpf, clean_exit, completion, experience_score
    FROM session_summaries
) AS s;
COMMENT ON VIEW session_plays IS 'Which sessions asked to play and which showed a frame, with what the vendor views need: the denominators of failure rates';
COMMENT ON COLUMN session_plays.project IS 'Site, app or environment the session belongs to';
COMMENT ON COLUMN session_plays.session_id IS 'The playback session';
COMMENT ON COLUMN session_plays.day IS 'UTC day of the last event';
COMMENT ON COLUMN session_plays.started IS 'A first frame was shown';
COMMENT ON COLUMN session_plays.attempted IS 'Somebody or something asked to play';
COMMENT ON COLUMN session_plays.startup_ms IS 'Play intent to first frame, ms; NULL without a first frame or when its beginning was not seen';
COMMENT ON COLUMN session_plays.playing_ms IS 'The playhead advanced, ms; contains micro_stall_ms';
COMMENT ON COLUMN session_plays.rebuffer_ms IS 'Stalled after the first frame, not paused, seeking or ended, ms';
COMMENT ON COLUMN session_plays.rebuffer_count IS 'Number of such stalls';
COMMENT ON COLUMN session_plays.seek_ms IS 'From seek to playing again, its buffering included, ms';
COMMENT ON COLUMN session_plays.seek_count IS 'Seeks; those at most 2 s apart count as one';
COMMENT ON COLUMN session_plays.paused_ms IS 'Paused after the first frame, ms';
COMMENT ON COLUMN session_plays.watched_ms IS 'startup + no_start + playing + rebuffer + seek, ms';
COMMENT ON COLUMN session_plays.avg_bitrate_kbps IS 'Mean bitrate shown, weighted by playing time, kbps; NULL when never known';
COMMENT ON COLUMN session_plays.bitrate_known_ms IS 'Playing time with a known bitrate, ms: the weight of avg_bitrate_kbps in averages over sessions';
COMMENT ON COLUMN session_plays.upswitches IS 'Switches to a higher bitrate; the first rendition is no switch';
COMMENT ON COLUMN session_plays.downswitches IS 'Switches to a lower bitrate';
COMMENT ON COLUMN session_plays.avg_fps IS 'Mean of the reported frames per second';
COMMENT ON COLUMN session_plays.vsf IS 'Video start failure: a fatal error before the first frame';
COMMENT ON COLUMN session_plays.ebvs IS 'Exit before video start: play intent, no first frame, no fatal error';
COMMENT ON COLUMN session_plays.vpf IS 'Video playback failure: a fatal error after the first frame';
COMMENT ON COLUMN session_plays.clean_exit IS 'The end was seen: end_reason is not idle_timeout';
COMMENT ON COLUMN session_plays.completion IS 'Furthest position / duration, 0-1; NULL for live or unknown duration';
COMMENT ON COLUMN session_plays.experience_score IS '0-100, an open formula over startup, smoothness, quality and success; NULL when nothing is known';

CREATE VIEW mux_sessions AS
SELECT project, session_id, day, attempted, started,
    startup_ms AS mux_video_startup_time_ms,
    attempted AND ebvs AS mux_exit_before_video_start,
    attempted AND vsf AS mux_video_startup_failure,
    attempted AND (vsf OR vpf) AS mux_playback_failure,
    watched_ms AS mux_watch_time_ms,
    playing_ms AS mux_playing_time_ms,
    rebuffer_count AS mux_rebuffer_count,
    rebuffer_ms AS mux_rebuffer_duration_ms,
    rebuffer_ms::float8 / nullif(watched_ms, 0) AS mux_rebuffer_percentage,
    rebuffer_count::float8 / nullif(watched_ms / 60000.0, 0) AS mux_rebuffer_frequency,
    seek_ms::float8 / nullif(seek_count, 0) AS mux_seek_latency_ms,
    avg_bitrate_kbps * 1000 AS mux_weighted_average_bitrate_bps,
    upswitches AS mux_rendition_upshift_count,
    downswitches AS mux_rendition_downshift_count,
    NOT clean_exit AS mux_view_dropped
FROM session_plays;
COMMENT ON VIEW mux_sessions IS 'Mux''s measures of each session';
COMMENT ON COLUMN mux_sessions.project IS 'Site, app or environment the session belongs to';
COMMENT ON COLUMN mux_sessions.session_id IS 'The playback session';
COMMENT ON COLUMN mux_sessions.day IS 'UTC day of the last event';
COMMENT ON COLUMN mux_sessions.attempted IS 'Somebody or something asked to play';
COMMENT ON COLUMN mux_sessions.started IS 'A first frame was shown';
COMMENT ON COLUMN mux_sessions.mux_video_startup_time_ms IS 'Play intent to first frame, ms; NULL without a first frame';
COMMENT ON COLUMN mux_sessions.mux_exit_before_video_start IS 'Left between play intent and first frame';
COMMENT ON COLUMN mux_sessions.mux_video_startup_failure IS 'A fatal error before the first frame';
COMMENT ON COLUMN mux_sessions.mux_playback_failure IS 'A fatal error, before or after the first frame';
COMMENT ON COLUMN mux_sessions.mux_watch_time_ms IS 'startup + no_start + playing + rebuffer + seek, ms';
COMMENT ON COLUMN mux_sessions.mux_playing_time_ms IS 'The playhead advanced, ms';
COMMENT ON COLUMN mux_sessions.mux_rebuffer_count IS 'Stalls after the first frame';
COMMENT ON COLUMN mux_sessions.mux_rebuffer_duration_ms IS 'Their time, ms';
COMMENT ON COLUMN mux_sessions.mux_rebuffer_percentage IS 'rebuffer / watch time, 0-1';
COMMENT ON COLUMN mux_sessions.mux_rebuffer_frequency IS 'Stalls per minute of watch time';
COMMENT ON COLUMN mux_sessions.mux_seek_latency_ms IS 'Mean time from a seek until playing again, ms';
COMMENT ON COLUMN mux_sessions.mux_weighted_average_bitrate_bps IS 'Mean bitrate shown, weighted by playing time, bit/s';
COMMENT ON COLUMN mux_sessions.mux_rendition_upshift_count IS 'Switches to a higher bitrate';
COMMENT ON COLUMN mux_sessions.mux_rendition_downshift_count IS 'Switches to a lower bitrate';
COMMENT ON COLUMN mux_sessions.mux_view_dropped IS 'The end was not seen';

CREATE VIEW mux_daily AS
SELECT project, day, count(*) AS sessions,
    count(*) FILTER (WHERE attempted) AS attempts,
    count(*) FILTER (WHERE started) AS starts,
    count(startup_ms) AS startups,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY startup_ms) AS mux_video_startup_time_p50_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY startup_ms) AS mux_video_startup_time_p95_ms,
    count(*) FILTER (WHERE ebvs)::float8
        / nullif(count(*) FILTER (WHERE attempted), 0) AS mux_exits_before_video_start,
    count(*) FILTER (WHERE vsf AND attempted)::float8
        / nullif(count(*) FILTER (WHERE attempted), 0) AS mux_video_startup_failure_percentage,
    count(*) FILTER (WHERE (vsf OR vpf) AND attempted)::float8
        / nullif(count(*) FILTER (WHERE attempted), 0) AS mux_playback_failure_percentage,
    sum(watched_ms)::bigint AS mux_watch_time_ms,
    sum(playing_ms)::bigint AS mux_playing_time_ms,
    sum(rebuffer_ms)::float8 / nullif(sum(watched_ms), 0)::float8 AS mux_rebuffer_percentage,
    sum(rebuffer_count)::float8 / nullif(sum(watched_ms) / 60000.0, 0)::float8 AS mux_rebuffer_frequency,
    sum(seek_ms)::float8 / nullif(sum(seek_count), 0)::float8 AS mux_seek_latency_ms,
    sum(avg_bitrate_kbps * bitrate_known_ms) * 1000
        / nullif(sum(bitrate_known_ms), 0)::float8 AS mux_weighted_average_bitrate_bps,
    count(*) FILTER (WHERE NOT clean_exit)::float8 / count(*) AS mux_view_dropped_percentage
FROM session_plays
GROUP BY project, day;
COMMENT ON VIEW mux_daily IS 'Mux''s measures by day: sums over sums';
COMMENT ON COLUMN mux_daily.project IS 'Site, app or environment the sessions belong to';
COMMENT ON COLUMN mux_daily.day IS 'UTC day of the last event';
COMMENT ON COLUMN mux_daily.sessions IS 'Sessions';
COMMENT ON COLUMN mux_daily.attempts IS 'Sessions with a play intent: what failures are a share of';
COMMENT ON COLUMN mux_daily.starts IS 'Sessions that showed a frame';
COMMENT ON COLUMN mux_daily.startups IS 'Sessions with a known startup time: the n of its percentiles';
COMMENT ON COLUMN mux_daily.mux_video_startup_time_p50_ms IS 'Median time from play intent to first frame, ms';
COMMENT ON COLUMN mux_daily.mux_video_startup_time_p95_ms IS '95th percentile of it, ms';
COMMENT ON COLUMN mux_daily.mux_exits_before_video_start IS 'Share of attempts left before the first frame, 0-1';
COMMENT ON COLUMN mux_daily.mux_video_startup_failure_percentage IS 'Share of attempts with a fatal error before the first frame, 0-1';
COMMENT ON COLUMN mux_daily.mux_playback_failure_percentage IS 'Share of attempts with a fatal error, 0-1';
COMMENT ON COLUMN mux_daily.mux_watch_time_ms IS 'startup + no_start + playing + rebuffer + seek, ms';
COMMENT ON COLUMN mux_daily.mux_playing_time_ms IS 'The playhead advanced, ms';
COMMENT ON COLUMN mux_daily.mux_rebuffer_percentage IS 'Sum of rebuffer / sum of watch time, 0-1';
COMMENT ON COLUMN mux_daily.mux_rebuffer_frequency IS 'Stalls per minute of watch time';
COMMENT ON COLUMN mux_daily.mux_seek_latency_ms IS 'Sum of seek / sum of seeks, ms';
COMMENT ON COLUMN mux_daily.mux_weighted_average_bitrate_bps IS 'Mean bitrate shown, weighted by playing time, bit/s';
COMMENT ON COLUMN mux_daily.mux_view_dropped_percentage IS 'Share of sessions whose end was not seen, 0-1';

CREATE VIEW conviva_sessions AS
SELECT project, session_id, day, attempted, started,
    startup_ms AS conviva_video_startup_time_ms,
    attempted AND ebvs AS conviva_exit_before_video_start,
    attempted AND vsf AS conviva_video_start_failure,
    vpf AS conviva_video_playback_failure,
    playing_ms AS conviva_playing_time_ms,
    rebuffer_ms::float8 / nullif(playing_ms + rebuffer_ms, 0) AS conviva_rebuffering_ratio,
    rebuffer_ms::float8 / nullif(playing_ms + rebuffer_ms + seek_ms, 0) AS conviva_cirr,
    seek_ms::float8 / nullif(seek_count, 0) AS conviva_video_restart_time_ms,
    avg_bitrate_kbps AS conviva_average_bitrate_kbps,
    upswitches + downswitches AS conviva_bitrate_switches,
    avg_fps AS conviva_average_frame_rate,
    paused_ms AS conviva_paused_time_ms,
    completion AS conviva_percentage_complete
FROM session_plays;
COMMENT ON VIEW conviva_sessions IS 'Conviva''s measures of each session';
COMMENT ON COLUMN conviva_sessions.project IS 'Site, app or environment the session belongs to';
COMMENT ON COLUMN conviva_sessions.session_id IS 'The playback session';
COMMENT ON COLUMN conviva_sessions.day IS 'UTC day of the last event';
COMMENT ON COLUMN conviva_sessions.attempted IS 'An attempt: somebody or something asked to play';
COMMENT ON COLUMN conviva_sessions.started IS 'A play: a first frame was shown';
COMMENT ON COLUMN conviva_sessions.conviva_video_startup_time_ms IS 'VST: play intent to first frame, ms; NULL without a first frame';
COMMENT ON COLUMN conviva_sessions.conviva_exit_before_video_start IS 'EBVS: left between play intent and first frame';
COMMENT ON COLUMN conviva_sessions.conviva_video_start_failure IS 'VSF: a fatal error before the first frame';
COMMENT ON COLUMN conviva_sessions.conviva_video_playback_failure IS 'VPF: a fatal error after the first frame';
COMMENT ON COLUMN conviva_sessions.conviva_playing_time_ms IS 'The playhead advanced, ms';
COMMENT ON COLUMN conviva_sessions.conviva_rebuffering_ratio IS 'rebuffer / (playing + rebuffer), seeks left out, 0-1';
COMMENT ON COLUMN conviva_sessions.conviva_cirr IS 'Connection induced rebuffering ratio: rebuffer / (playing + rebuffer + seek), 0-1';
COMMENT ON COLUMN conviva_sessions.conviva_video_restart_time_ms IS 'VRT: mean time from a seek until playing again, ms';
COMMENT ON COLUMN conviva_sessions.conviva_average_bitrate_kbps IS 'Mean bitrate shown, weighted by playing time, kbps';
COMMENT ON COLUMN conviva_sessions.conviva_bitrate_switches IS 'Switches to a higher or lower bitrate';
COMMENT ON COLUMN conviva_sessions.conviva_average_frame_rate IS 'Mean of the reported frames per second';
COMMENT ON COLUMN conviva_sessions.conviva_paused_time_ms IS 'Paused after the first frame, ms';
COMMENT ON COLUMN conviva_sessions.conviva_percentage_complete IS 'Furthest position / duration, 0-1';

CREATE VIEW conviva_daily AS
SELECT project, day, count(*) AS sessions,
    count(*) FILTER (WHERE attempted) AS conviva_attempts,
    count(*) FILTER (WHERE started) AS conviva_plays,
    count(startup_ms) AS startups,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY startup_ms) AS conviva_video_startup_time_p50_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY startup_ms) AS conviva_video_startup_time_p95_ms,
    count(*) FILTER (WHERE ebvs)::float8
        / nullif(count(*) FILTER (WHERE attempted), 0) AS conviva_exits_before_video_start,
    count(*) FILTER (WHERE vsf AND attempted)::float8
        / nullif(count(*) FILTER (WHERE attempted), 0) AS conviva_video_start_failures,
    count(*) FILTER (WHERE vpf)::float8
        / nullif(count(*) FILTER (WHERE started), 0) AS conviva_video_playback_failures,
    sum(playing_ms)::bigint AS conviva_playing_time_ms,
    sum(rebuffer_ms)::float8
        / nullif(sum(playing_ms + rebuffer_ms), 0)::float8 AS conviva_rebuffering_ratio,
    sum(rebuffer_ms)::float8
        / nullif(sum(playing_ms + rebuffer_ms + seek_ms), 0)::float8 AS conviva_cirr,
    sum(seek_ms)::float8 / nullif(sum(seek_count), 0)::float8 AS conviva_video_restart_time_ms,
    sum(avg_bitrate_kbps * bitrate_known_ms)
        / nullif(sum(bitrate_known_ms), 0)::float8 AS conviva_average_bitrate_kbps
FROM session_plays
GROUP BY project, day;
COMMENT ON VIEW conviva_daily IS 'Conviva''s measures by day: sums over sums';
COMMENT ON COLUMN conviva_daily.project IS 'Site, app or environment the sessions belong to';
COMMENT ON COLUMN conviva_daily.day IS 'UTC day of the last event';
COMMENT ON COLUMN conviva_daily.sessions IS 'Sessions';
COMMENT ON COLUMN conviva_daily.conviva_attempts IS 'Sessions with a play intent';
COMMENT ON COLUMN conviva_daily.conviva_plays IS 'Sessions that showed a frame';
COMMENT ON COLUMN conviva_daily.startups IS 'Sessions with a known startup time: the n of its percentiles';
COMMENT ON COLUMN conviva_daily.conviva_video_startup_time_p50_ms IS 'VST: median time from play intent to first frame, ms';
COMMENT ON COLUMN conviva_daily.conviva_video_startup_time_p95_ms IS 'VST: 95th percentile of it, ms';
COMMENT ON COLUMN conviva_daily.conviva_exits_before_video_start IS 'EBVS: share of attempts left before the first frame, 0-1';
COMMENT ON COLUMN conviva_daily.conviva_video_start_failures IS 'VSF: share of attempts with a fatal error before the first frame, 0-1';
COMMENT ON COLUMN conviva_daily.conviva_video_playback_failures IS 'VPF: share of plays with a fatal error, 0-1';
COMMENT ON COLUMN conviva_daily.conviva_playing_time_ms IS 'The playhead advanced, ms';
COMMENT ON COLUMN conviva_daily.conviva_rebuffering_ratio IS 'Sum of rebuffer / sum of (playing + rebuffer), seeks left out, 0-1';
COMMENT ON COLUMN conviva_daily.conviva_cirr IS 'Sum of rebuffer / sum of (playing + rebuffer + seek), 0-1';
COMMENT ON COLUMN conviva_daily.conviva_video_restart_time_ms IS 'VRT: sum of seek / sum of seeks, ms';
COMMENT ON COLUMN conviva_daily.conviva_average_bitrate_kbps IS 'Mean bitrate shown, weighted by playing time, kbps';

CREATE VIEW cta_2066_sessions AS
SELECT project, session_id, day, attempted, started,
    startup_ms AS cta_initial_startup_time_ms,
    rebuffer_count AS cta_playback_stall_count,
    rebuffer_ms AS cta_playback_stall_ms,
    watched_ms AS cta_watched_time_ms,
    rebuffer_ms::float8 / nullif(watched_ms, 0) AS cta_stalled_ratio
FROM session_plays;
COMMENT ON VIEW cta_2066_sessions IS 'The measures of CTA-2066 for each session';
COMMENT ON COLUMN cta_2066_sessions.project IS 'Site, app or environment the session belongs to';
COMMENT ON COLUMN cta_2066_sessions.session_id IS 'The playback session';
COMMENT ON COLUMN cta_2066_sessions.day IS 'UTC day of the last event';
COMMENT ON COLUMN cta_2066_sessions.attempted IS 'Somebody or something asked to play';
COMMENT ON COLUMN cta_2066_sessions.started IS 'A first frame was shown';
COMMENT ON COLUMN cta_2066_sessions.cta_initial_startup_time_ms IS 'Play intent to first frame, ms; NULL, never 0, without a first frame';
COMMENT ON COLUMN cta_2066_sessions.cta_playback_stall_count IS 'Stalls after the first frame';
COMMENT ON COLUMN cta_2066_sessions.cta_playback_stall_ms IS 'Their time, ms';
COMMENT ON COLUMN cta_2066_sessions.cta_watched_time_ms IS 'startup + no_start + playing + rebuffer + seek, ms';
COMMENT ON COLUMN cta_2066_sessions.cta_stalled_ratio IS 'rebuffer / watched time, 0-1';

CREATE VIEW cta_2066_daily AS
SELECT project, day, count(*) AS sessions,
    count(*) FILTER (WHERE attempted) AS attempts,
    count(*) FILTER (WHERE started) AS starts,
    count(startup_ms) AS startups,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY startup_ms) AS cta_initial_startup_time_p50_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY startup_ms) AS cta_initial_startup_time_p95_ms,
    sum(rebuffer_count)::bigint AS cta_playback_stall_count,
    sum(rebuffer_ms)::bigint AS cta_playback_stall_ms,
    sum(watched_ms)::bigint AS cta_watched_time_ms,
    sum(rebuffer_ms)::float8 / nullif(sum(watched_ms), 0)::float8 AS cta_stalled_ratio
FROM session_plays
GROUP BY project, day;
COMMENT ON VIEW cta_2066_daily IS 'The measures of CTA-2066 by day: sums over sums';
COMMENT ON COLUMN cta_2066_daily.project IS 'Site, app or environment the sessions belong to';
COMMENT ON COLUMN cta_2066_daily.day IS 'UTC day of the last event';
COMMENT ON COLUMN cta_2066_daily.sessions IS 'Sessions';
COMMENT ON COLUMN cta_2066_daily.attempts IS 'Sessions with a play intent';
COMMENT ON COLUMN cta_2066_daily.starts IS 'Sessions that showed a frame';
COMMENT ON COLUMN cta_2066_daily.startups IS 'Sessions with a known startup time: the n of its percentiles';
COMMENT ON COLUMN cta_2066_daily.cta_initial_startup_time_p50_ms IS 'Median time from play intent to first frame, ms';
COMMENT ON COLUMN cta_2066_daily.cta_initial_startup_time_p95_ms IS '95th percentile of it, ms';
COMMENT ON COLUMN cta_2066_daily.cta_playback_stall_count IS 'Stalls after the first frame';
COMMENT ON COLUMN cta_2066_daily.cta_playback_stall_ms IS 'Their time, ms';
COMMENT ON COLUMN cta_2066_daily.cta_watched_time_ms IS 'startup + no_start + playing + rebuffer + seek, ms';
COMMENT ON COLUMN cta_2066_daily.cta_stalled_ratio IS 'Sum of rebuffer / sum of watched time, 0-1';
