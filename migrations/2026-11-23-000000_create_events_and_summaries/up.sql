-- Events are the truth; summaries are a pure fold of them; rejected events are kept aside.
-- Every key contains the session, so that the tables can be distributed by it.
-- Ids are COLLATE "C": SQL and the service must sort them alike, by bytes.

CREATE TABLE telemetry_events (
    project                TEXT COLLATE "C" NOT NULL DEFAULT 'default',
    session_id             TEXT COLLATE "C" NOT NULL,
    event_id               TEXT COLLATE "C" NOT NULL,
    event_timestamp        BIGINT NOT NULL,
    event_type             TEXT NOT NULL,
    viewer_id              TEXT,
    playback_position_sec  DOUBLE PRECISION,
    bitrate_kbps           INTEGER,
    resolution             TEXT,
    video_width            INTEGER,
    video_height           INTEGER,
    buffer_start           BIGINT,
    buffer_end             BIGINT,
    buffer_duration_ms     BIGINT,
    network_downlink_mbps  DOUBLE PRECISION,
    network_rtt_ms         INTEGER,
    network_effective_type TEXT,
    device_browser         TEXT,
    device_os              TEXT,
    screen_width           INTEGER,
    screen_height          INTEGER,
    dropped_frames         INTEGER,
    decoded_frames         INTEGER,
    fps                    DOUBLE PRECISION,
    buffer_length_sec      DOUBLE PRECISION,
    total_watch_time_ms    BIGINT,
    total_pause_time_ms    BIGINT,
    interaction_count      INTEGER,
    seq                    BIGINT,
    sent_at                TIMESTAMPTZ,
    raw_json               JSONB NOT NULL,
    created_at             TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (project, session_id, event_id, event_timestamp)
) PARTITION BY RANGE (event_timestamp);
COMMENT ON TABLE telemetry_events IS 'One row for every event a player sent, exactly once';
COMMENT ON COLUMN telemetry_events.project IS 'Site, app or environment the session belongs to';
COMMENT ON COLUMN telemetry_events.session_id IS 'The playback session, as the client calls it (sessionId)';
COMMENT ON COLUMN telemetry_events.event_id IS 'The event, unique within its session, the same on every retry (eventId)';
COMMENT ON COLUMN telemetry_events.event_timestamp IS 'When it happened by the client''s clock, epoch ms (timestamp)';
COMMENT ON COLUMN telemetry_events.event_type IS 'PLAY, PAUSE, BUFFER_START, ... as sent (eventType)';
COMMENT ON COLUMN telemetry_events.viewer_id IS 'Who watches (viewerId)';
COMMENT ON COLUMN telemetry_events.playback_position_sec IS 'The playhead, s of media time (playbackPositionSec)';
COMMENT ON COLUMN telemetry_events.bitrate_kbps IS 'Bitrate of the rendition, kbps (quality.bitrateKbps)';
COMMENT ON COLUMN telemetry_events.resolution IS 'Name of the rendition, e.g. 720p (quality.resolution)';
COMMENT ON COLUMN telemetry_events.video_width IS 'Width of the rendition, px (quality.width)';
COMMENT ON COLUMN telemetry_events.video_height IS 'Height of the rendition, px (quality.height)';
COMMENT ON COLUMN telemetry_events.buffer_start IS 'When buffering began, client epoch ms (buffering.startedAt)';
COMMENT ON COLUMN telemetry_events.buffer_end IS 'When buffering ended, client epoch ms (buffering.endedAt)';
COMMENT ON COLUMN telemetry_events.buffer_duration_ms IS 'How long buffering took by the client''s count, ms (buffering.durationMs); the summaries do not use it';
COMMENT ON COLUMN telemetry_events.network_downlink_mbps IS 'Network Information API: estimated bandwidth, Mbit/s (network.downlinkMbps)';
COMMENT ON COLUMN telemetry_events.network_rtt_ms IS 'Network Information API: estimated round trip, ms (network.rttMs)';
COMMENT ON COLUMN telemetry_events.network_effective_type IS 'Network Information API: slow-2g, 2g, 3g or 4g (network.effectiveType)';
COMMENT ON COLUMN telemetry_events.device_browser IS 'Browser (device.browser)';
COMMENT ON COLUMN telemetry_events.device_os IS 'Operating system (device.os)';
COMMENT ON COLUMN telemetry_events.screen_width IS 'Screen width, px (device.screenWidth)';
COMMENT ON COLUMN telemetry_events.screen_height IS 'Screen height, px (device.screenHeight)';
COMMENT ON COLUMN telemetry_events.dropped_frames IS 'Dropped frames so far, may restart (player.droppedFrames)';
COMMENT ON COLUMN telemetry_events.decoded_frames IS 'Frames so far, dropped ones included, may restart (player.decodedFrames)';
COMMENT ON COLUMN telemetry_events.fps IS 'Frames per second (player.fps)';
COMMENT ON COLUMN telemetry_events.buffer_length_sec IS 'Media buffered ahead of the playhead, s (player.bufferLengthSec)';
COMMENT ON COLUMN telemetry_events.total_watch_time_ms IS 'Watch time so far by the client''s count, ms (engagement.totalWatchTime)';
COMMENT ON COLUMN telemetry_events.total_pause_time_ms IS 'Pause time so far by the client''s count, ms (engagement.totalPauseTime)';
COMMENT ON COLUMN telemetry_events.interaction_count IS 'Interactions so far by the client''s count (engagement.interactionCount)';
COMMENT ON COLUMN telemetry_events.seq IS 'Number of the event within its session, +1 each; NULL from clients that send none (seq)';
COMMENT ON COLUMN telemetry_events.sent_at IS 'When the client sent the batch, by the client''s clock (the envelope''s sentAt)';
COMMENT ON COLUMN telemetry_events.raw_json IS 'The event as sent; what the summaries are folded from';
COMMENT ON COLUMN telemetry_events.created_at IS 'When the server received it, by the server''s clock, whole ms';

-- Clocks that are years off land here; the server makes a partition for each day around today.
CREATE TABLE telemetry_events_default PARTITION OF telemetry_events DEFAULT;

-- Recovery asks for the sessions with rows since a time; rows arrive in that order, so BRIN is enough.
CREATE INDEX telemetry_events_created_at ON telemetry_events
    USING brin (created_at) WITH (pages_per_range = 32, autosummarize = on);

CREATE TABLE session_summaries (
    project                TEXT COLLATE "C" NOT NULL DEFAULT 'default',
    session_id             TEXT COLLATE "C" NOT NULL,
    viewer_id              TEXT,
    browser                TEXT,
    os                     TEXT,
    screen                 TEXT,
    player                 TEXT,
    player_version         TEXT,
    video_id               TEXT,
    video_title            TEXT,
    video_duration_sec     DOUBLE PRECISION,
    live                   BOOLEAN,
    custom                 JSONB,
    started_at             TIMESTAMPTZ NOT NULL,
    last_event_at          TIMESTAMPTZ NOT NULL,
    event_count            BIGINT NOT NULL,
    session_ms             BIGINT NOT NULL,
    startup_ms             BIGINT,
    no_start_ms            BIGINT NOT NULL,
    playing_ms             BIGINT NOT NULL,
    micro_stall_ms         BIGINT NOT NULL,
    micro_stall_count      BIGINT NOT NULL,
    rebuffer_ms            BIGINT NOT NULL,
    rebuffer_count         BIGINT NOT NULL,
    seek_ms                BIGINT NOT NULL,
    seek_count             BIGINT NOT NULL,
    paused_ms              BIGINT NOT NULL,
    pause_count            BIGINT NOT NULL,
    ended_ms               BIGINT NOT NULL,
    idle_ms                BIGINT NOT NULL,
    gap_ms                 BIGINT NOT NULL,
    watched_ms             BIGINT NOT NULL,
    rebuffer_ratio         DOUBLE PRECISION,
    avg_bitrate_kbps       DOUBLE PRECISION,
    bitrate_known_ms       BIGINT NOT NULL,
    min_bitrate_kbps       INTEGER,
    max_bitrate_kbps       INTEGER,
    upswitches             BIGINT NOT NULL,
    downswitches           BIGINT NOT NULL,
    playing_ms_by_height   JSONB NOT NULL,
    dropped_frames         BIGINT,
    decoded_frames         BIGINT,
    dropped_frame_ratio    DOUBLE PRECISION,
    avg_fps                DOUBLE PRECISION,
    avg_rtt_ms             DOUBLE PRECISION,
    avg_downlink_mbps      DOUBLE PRECISION,
    min_buffer_ahead_ms    BIGINT,
    error_count            BIGINT NOT NULL,
    fatal_error_count      BIGINT NOT NULL,
    first_error            TEXT,
    vsf                    BOOLEAN NOT NULL,
    ebvs                   BOOLEAN NOT NULL,
    vpf                    BOOLEAN NOT NULL,
    end_reason             TEXT NOT NULL,
    clean_exit             BOOLEAN NOT NULL,
    completion             DOUBLE PRECISION,
    completeness           DOUBLE PRECISION,
    experience_score       DOUBLE PRECISION,
    reported_watch_time_ms BIGINT,
    reported_pause_time_ms BIGINT,
    interaction_count      BIGINT,
    fold_version           INTEGER NOT NULL,
    sealed_at              TIMESTAMPTZ,
    updated_at             TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (project, session_id)
);
COMMENT ON TABLE session_summaries IS 'One row for every session that went quiet: a pure fold of its events';
COMMENT ON COLUMN session_summaries.project IS 'Site, app or environment the session belongs to';
COMMENT ON COLUMN session_summaries.session_id IS 'The playback session';
COMMENT ON COLUMN session_summaries.viewer_id IS 'Dimension: who watched';
COMMENT ON COLUMN session_summaries.browser IS 'Dimension: browser';
COMMENT ON COLUMN session_summaries.os IS 'Dimension: operating system';
COMMENT ON COLUMN session_summaries.screen IS 'Dimension: screen size, px, as 1920x1080';
COMMENT ON COLUMN session_summaries.player IS 'Dimension: the player''s name';
COMMENT ON COLUMN session_summaries.player_version IS 'Dimension: the player''s version';
COMMENT ON COLUMN session_summaries.video_id IS 'Dimension: the site''s id of the video';
COMMENT ON COLUMN session_summaries.video_title IS 'Dimension: the video''s title';
COMMENT ON COLUMN session_summaries.video_duration_sec IS 'Length of the video, s; NULL for live or unknown';
COMMENT ON COLUMN session_summaries.live IS 'Dimension: it was a live stream; NULL when not told';
COMMENT ON COLUMN session_summaries.custom IS 'Dimensions of the site''s own, up to 20';
COMMENT ON COLUMN session_summaries.started_at IS 'First event, client time corrected by the clock offset';
COMMENT ON COLUMN session_summaries.last_event_at IS 'Last event, client time corrected by the clock offset';
COMMENT ON COLUMN session_summaries.event_count IS 'Unique events of the session that this summary folds';
COMMENT ON COLUMN session_summaries.session_ms IS 'Wall time from first to last event, ms: the sum of startup, no_start, playing, rebuffer, seek, paused, ended, idle and gap';
COMMENT ON COLUMN session_summaries.startup_ms IS 'Play intent to first frame, ms; NULL without a first frame or when its beginning was not seen';
COMMENT ON COLUMN session_summaries.no_start_ms IS 'The wait of a session that never showed a frame, ms';
COMMENT ON COLUMN session_summaries.playing_ms IS 'The playhead advanced, ms; contains micro_stall_ms';
COMMENT ON COLUMN session_summaries.micro_stall_ms IS 'Stalls under 250 ms, ms; part of playing_ms';
COMMENT ON COLUMN session_summaries.micro_stall_count IS 'Number of stalls under 250 ms';
COMMENT ON COLUMN session_summaries.rebuffer_ms IS 'Stalled after the first frame, not paused, seeking or ended, ms';
COMMENT ON COLUMN session_summaries.rebuffer_count IS 'Number of such stalls';
COMMENT ON COLUMN session_summaries.seek_ms IS 'From seek to playing again, its buffering included, ms';
COMMENT ON COLUMN session_summaries.seek_count IS 'Seeks; those at most 2 s apart count as one';
COMMENT ON COLUMN session_summaries.paused_ms IS 'Paused after the first frame, ms';
COMMENT ON COLUMN session_summaries.pause_count IS 'Number of pauses after the first frame';
COMMENT ON COLUMN session_summaries.ended_ms IS 'After the end of the stream or a fatal error, ms';
COMMENT ON COLUMN session_summaries.idle_ms IS 'No play intent yet, or taken back before the first frame, ms';
COMMENT ON COLUMN session_summaries.gap_ms IS 'No evidence of what happened, ms';
COMMENT ON COLUMN session_summaries.watched_ms IS 'startup + no_start + playing + rebuffer + seek, ms';
COMMENT ON COLUMN session_summaries.rebuffer_ratio IS 'rebuffer / (playing + rebuffer), 0-1; NULL when both are 0';
COMMENT ON COLUMN session_summaries.avg_bitrate_kbps IS 'Mean bitrate shown, weighted by playing time, kbps; NULL when never known';
COMMENT ON COLUMN session_summaries.bitrate_known_ms IS 'Playing time with a known bitrate, ms: the weight of avg_bitrate_kbps in averages over sessions';
COMMENT ON COLUMN session_summaries.min_bitrate_kbps IS 'Lowest bitrate shown, kbps';
COMMENT ON COLUMN session_summaries.max_bitrate_kbps IS 'Highest bitrate shown, kbps';
COMMENT ON COLUMN session_summaries.upswitches IS 'Switches to a higher bitrate; the first rendition is no switch';
COMMENT ON COLUMN session_summaries.downswitches IS 'Switches to a lower bitrate';
COMMENT ON COLUMN session_summaries.playing_ms_by_height IS 'Playing ms by height of the rendition shown, px';
COMMENT ON COLUMN session_summaries.dropped_frames IS 'Frames dropped; NULL when never reported';
COMMENT ON COLUMN session_summaries.decoded_frames IS 'All frames, dropped ones included; NULL when never reported';
COMMENT ON COLUMN session_summaries.dropped_frame_ratio IS 'dropped / decoded, 0-1';
COMMENT ON COLUMN session_summaries.avg_fps IS 'Mean of the reported frames per second';
COMMENT ON COLUMN session_summaries.avg_rtt_ms IS 'Mean of the reported round trips, ms';
COMMENT ON COLUMN session_summaries.avg_downlink_mbps IS 'Mean of the reported bandwidths, Mbit/s';
COMMENT ON COLUMN session_summaries.min_buffer_ahead_ms IS 'Smallest buffer ahead of the playhead reported, ms';
COMMENT ON COLUMN session_summaries.error_count IS 'PLAYER_ERROR events, fatal or not';
COMMENT ON COLUMN session_summaries.fatal_error_count IS 'Fatal PLAYER_ERROR events';
COMMENT ON COLUMN session_summaries.first_error IS 'Details of the first fatal error, or of the first error when none was fatal';
COMMENT ON COLUMN session_summaries.vsf IS 'Video start failure: a fatal error before the first frame';
COMMENT ON COLUMN session_summaries.ebvs IS 'Exit before video start: play intent, no first frame, no fatal error';
COMMENT ON COLUMN session_summaries.vpf IS 'Video playback failure: a fatal error after the first frame';
COMMENT ON COLUMN session_summaries.end_reason IS 'ended, page_close, source_change, destroy, error or idle_timeout';
COMMENT ON COLUMN session_summaries.clean_exit IS 'The end was seen: end_reason is not idle_timeout';
COMMENT ON COLUMN session_summaries.completion IS 'Furthest position / duration, 0-1; NULL for live or unknown duration';
COMMENT ON COLUMN session_summaries.completeness IS 'Events with seq / (highest seq + 1), 0-1: how far to trust the row; NULL without seq';
COMMENT ON COLUMN session_summaries.experience_score IS '0-100, an open formula over startup, smoothness, quality and success; NULL when nothing is known';
COMMENT ON COLUMN session_summaries.reported_watch_time_ms IS 'engagement.totalWatchTime as the client reported it, ms';
COMMENT ON COLUMN session_summaries.reported_pause_time_ms IS 'engagement.totalPauseTime as the client reported it, ms';
COMMENT ON COLUMN session_summaries.interaction_count IS 'engagement.interactionCount as the client reported it';
COMMENT ON COLUMN session_summaries.fold_version IS 'Version of the fold that made this row';
COMMENT ON COLUMN session_summaries.sealed_at IS 'When the session was closed for good; a sealed summary never changes';
COMMENT ON COLUMN session_summaries.updated_at IS 'When this row was written';

CREATE TABLE rejected_events (
    project     TEXT COLLATE "C" NOT NULL DEFAULT 'default',
    digest      BYTEA NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    reason      TEXT NOT NULL,
    detail      TEXT NOT NULL,
    raw         BYTEA NOT NULL,
    raw_bytes   BIGINT NOT NULL,
    PRIMARY KEY (project, digest)
);
COMMENT ON TABLE rejected_events IS 'Events that were refused, kept within bounds so that a fixed parser can replay them';
COMMENT ON COLUMN rejected_events.project IS 'Site, app or environment the request belonged to';
COMMENT ON COLUMN rejected_events.digest IS 'SHA-256 over reason, place in the request and event: a resent request adds no row';
COMMENT ON COLUMN rejected_events.received_at IS 'When the server received it';
COMMENT ON COLUMN rejected_events.reason IS 'Reason code, as in the reply';
COMMENT ON COLUMN rejected_events.detail IS 'What was wrong and what would be right';
COMMENT ON COLUMN rejected_events.raw IS 'The event as sent, cut at 32 KiB';
COMMENT ON COLUMN rejected_events.raw_bytes IS 'Its length as sent, bytes';

CREATE INDEX rejected_events_received_at ON rejected_events (received_at);

CREATE TABLE recovery_watermark (
    id            SMALLINT NOT NULL DEFAULT 1 CHECK (id = 1),
    scanned_until TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
COMMENT ON TABLE recovery_watermark IS 'How far recovery has looked for sessions without a current summary';
COMMENT ON COLUMN recovery_watermark.id IS 'Always 1: the table has one row';
COMMENT ON COLUMN recovery_watermark.scanned_until IS 'Every session whose rows are all older has its summary';
