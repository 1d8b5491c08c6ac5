-- qoe_v1: what SQL users, BI tools and Grafana may rely on, whatever becomes of the tables. Within v1
-- columns are only ever added; a change that would break a query makes a qoe_v2 beside it.
-- The views read with their owner's rights, so whoever may read them needs no right to a table.

CREATE SCHEMA qoe_v1;
COMMENT ON SCHEMA qoe_v1 IS 'Version 1 of the views for analysts: names, units and meanings stay as they are. See docs/SQL.md';

CREATE VIEW qoe_v1.sessions AS
SELECT s.project, s.session_id, (s.last_event_at AT TIME ZONE 'UTC')::date AS day,
    p.started, p.started OR s.ebvs OR (s.vsf AND s.experience_score IS NOT NULL) AS attempted,
    s.viewer_id, s.browser, s.os, s.screen, s.player, s.player_version,
    s.video_id, s.video_title, s.video_duration_sec, s.live, s.custom,
    s.started_at, s.last_event_at, s.event_count,
    s.session_ms, s.startup_ms, s.no_start_ms, s.playing_ms, s.micro_stall_ms, s.micro_stall_count,
    s.rebuffer_ms, s.rebuffer_count, s.seek_ms, s.seek_count, s.paused_ms, s.pause_count,
    s.ended_ms, s.idle_ms, s.gap_ms, s.watched_ms, s.rebuffer_ratio,
    s.avg_bitrate_kbps, s.bitrate_known_ms, s.min_bitrate_kbps, s.max_bitrate_kbps,
    s.upswitches, s.downswitches, s.playing_ms_by_height,
    s.dropped_frames, s.decoded_frames, s.dropped_frame_ratio,
    s.avg_fps, s.avg_rtt_ms, s.avg_downlink_mbps, s.min_buffer_ahead_ms,
    s.error_count, s.fatal_error_count, s.first_error, s.vsf, s.ebvs, s.vpf,
    s.end_reason, s.clean_exit, s.completion, s.completeness, s.experience_score,
    s.reported_watch_time_ms, s.reported_pause_time_ms, s.interaction_count,
    s.fold_version, s.sealed_at, s.updated_at
FROM session_summaries AS s
CROSS JOIN LATERAL (
    SELECT s.startup_ms IS NOT NULL OR s.vpf
        OR s.playing_ms + s.rebuffer_ms + s.seek_ms + s.paused_ms > 0 AS started
) AS p;
COMMENT ON VIEW qoe_v1.sessions IS 'One row for every session that went quiet';
COMMENT ON COLUMN qoe_v1.sessions.day IS 'UTC day of the last event';
COMMENT ON COLUMN qoe_v1.sessions.started IS 'A first frame was shown: what vpf is a share of';
COMMENT ON COLUMN qoe_v1.sessions.attempted IS 'Somebody or something asked to play: what ebvs and vsf are a share of';

CREATE VIEW qoe_v1.events AS
SELECT project, session_id, event_id, event_timestamp,
    to_timestamp(event_timestamp / 1000.0) AS occurred_at,
    event_type, viewer_id, playback_position_sec, bitrate_kbps, resolution, video_width, video_height,
    buffer_start, buffer_end, buffer_duration_ms,
    network_downlink_mbps, network_rtt_ms, network_effective_type,
    device_browser, device_os, screen_width, screen_height,
    dropped_frames, decoded_frames, fps, buffer_length_sec,
    total_watch_time_ms, total_pause_time_ms, interaction_count, seq, sent_at, raw_json, created_at
FROM telemetry_events;
COMMENT ON VIEW qoe_v1.events IS 'One row for every event a player sent; of old sessions the events may be gone';
COMMENT ON COLUMN qoe_v1.events.occurred_at IS 'When it happened by the client''s clock. To be quick, filter by event_timestamp: days that it rules out are not read';

-- raw_json is whatever a client sent: nothing here may fail on it.
CREATE VIEW qoe_v1.errors AS
SELECT e.project, e.session_id, e.event_id, e.event_timestamp, e.occurred_at, e.viewer_id,
    e.device_browser AS browser, e.device_os AS os, e.playback_position_sec, e.bitrate_kbps,
    coalesce(t.error_details, t.error_type) AS error, t.error_type, t.error_details, t.fatal, t.http_status
FROM qoe_v1.events AS e
CROSS JOIN LATERAL (
    SELECT
        CASE WHEN jsonb_typeof(e.raw_json #> '{error,type}') = 'string'
            THEN nullif(e.raw_json #>> '{error,type}', '') END AS error_type,
        CASE WHEN jsonb_typeof(e.raw_json #> '{error,details}') = 'string'
            THEN nullif(e.raw_json #>> '{error,details}', '') END AS error_details,
        coalesce(e.raw_json #> '{error,fatal}' = 'true', false) AS fatal,
        CASE WHEN e.raw_json #>> '{error,httpStatus}' ~ '^[1-5][0-9][0-9]$'
            THEN (e.raw_json #>> '{error,httpStatus}')::integer END AS http_status
) AS t
WHERE e.event_type = 'PLAYER_ERROR';
COMMENT ON VIEW qoe_v1.errors IS 'One row for every PLAYER_ERROR, fatal or not';
COMMENT ON COLUMN qoe_v1.errors.occurred_at IS 'When it happened by the client''s clock. To be quick, filter by event_timestamp';
COMMENT ON COLUMN qoe_v1.errors.browser IS 'Browser';
COMMENT ON COLUMN qoe_v1.errors.os IS 'Operating system';
COMMENT ON COLUMN qoe_v1.errors.error IS 'What to group by: details, else type, as the player calls it; NULL when it said neither';
COMMENT ON COLUMN qoe_v1.errors.error_type IS 'The player''s class of error (error.type)';
COMMENT ON COLUMN qoe_v1.errors.error_details IS 'The player''s name of the error (error.details)';
COMMENT ON COLUMN qoe_v1.errors.fatal IS 'Playback could not go on (error.fatal). Most errors of hls.js are not fatal and no failure';
COMMENT ON COLUMN qoe_v1.errors.http_status IS 'Status of the request that failed (error.httpStatus); NULL when there was none';

-- The vendors' views are copied as they stand, over qoe_v1.sessions: a change to those in public is
-- none to v1.
DO $$
DECLARE
    vendor_view text;
BEGIN
    FOREACH vendor_view IN ARRAY ARRAY['mux_sessions', 'mux_daily', 'conviva_sessions',
        'conviva_daily', 'cta_2066_sessions', 'cta_2066_daily']
    LOOP
        EXECUTE format('CREATE VIEW qoe_v1.%I AS %s', vendor_view,
            replace(pg_get_viewdef(vendor_view::regclass), 'session_plays', 'qoe_v1.sessions'));
        EXECUTE format('COMMENT ON VIEW qoe_v1.%I IS %L', vendor_view,
            obj_description(vendor_view::regclass));
    END LOOP;
END $$;

-- A column that has no comment yet gets the one of the column that it shows.
DO $$
DECLARE
    shown record;
BEGIN
    FOR shown IN
        SELECT c.relname AS view_name, a.attname AS name, col_description(of.attrelid, of.attnum) AS comment
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid AND col_description(c.oid, a.attnum) IS NULL
        JOIN pg_attribute AS of ON of.attname = a.attname AND of.attrelid = CASE c.relname
            WHEN 'sessions' THEN 'session_summaries'::regclass
            WHEN 'events' THEN 'telemetry_events'::regclass
            WHEN 'errors' THEN 'telemetry_events'::regclass
            ELSE to_regclass(c.relname) END
        WHERE c.relnamespace = 'qoe_v1'::regnamespace
    LOOP
        EXECUTE format('COMMENT ON COLUMN qoe_v1.%I.%I IS %L', shown.view_name, shown.name, shown.comment);
    END LOOP;
END $$;

-- Who may read the views, and nothing else. A role belongs to the whole server: another database may
-- have made it, also at this very moment; or this user may make none, then docs/SQL.md tells an
-- administrator how.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'qoe_reader') THEN
        CREATE ROLE qoe_reader NOLOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'an administrator must make the role qoe_reader, see docs/SQL.md';
END $$;
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'qoe_reader') THEN
        GRANT USAGE ON SCHEMA qoe_v1 TO qoe_reader;
        GRANT SELECT ON ALL TABLES IN SCHEMA qoe_v1 TO qoe_reader;
    END IF;
END $$;
