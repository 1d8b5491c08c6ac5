// @generated automatically by Diesel CLI.

diesel::table! {
    erasures (session_digest) {
        session_digest -> Bytea,
        project -> Nullable<Text>,
        session_id -> Nullable<Text>,
        erased_at -> Timestamptz,
        finished_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    keys (id) {
        id -> Int8,
        kind -> Text,
        project -> Text,
        label -> Nullable<Text>,
        prefix -> Text,
        digest -> Bytea,
        created_at -> Timestamptz,
        revoked_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    recovery_watermark (id) {
        id -> Int2,
        scanned_until -> Timestamptz,
    }
}

diesel::table! {
    rejected_events (project, digest) {
        project -> Text,
        digest -> Bytea,
        received_at -> Timestamptz,
        reason -> Text,
        detail -> Text,
        raw -> Bytea,
        raw_bytes -> Int8,
        session_id -> Nullable<Text>,
    }
}

diesel::table! {
    retention_state (id) {
        id -> Int2,
        sealing -> Bool,
        expired_before_ms -> Int8,
    }
}

diesel::table! {
    session_summaries (project, session_id) {
        project -> Text,
        session_id -> Text,
        viewer_id -> Nullable<Text>,
        browser -> Nullable<Text>,
        os -> Nullable<Text>,
        screen -> Nullable<Text>,
        player -> Nullable<Text>,
        player_version -> Nullable<Text>,
        video_id -> Nullable<Text>,
        video_title -> Nullable<Text>,
        video_duration_sec -> Nullable<Float8>,
        live -> Nullable<Bool>,
        custom -> Nullable<Jsonb>,
        started_at -> Timestamptz,
        last_event_at -> Timestamptz,
        event_count -> Int8,
        session_ms -> Int8,
        startup_ms -> Nullable<Int8>,
        no_start_ms -> Int8,
        playing_ms -> Int8,
        micro_stall_ms -> Int8,
        micro_stall_count -> Int8,
        rebuffer_ms -> Int8,
        rebuffer_count -> Int8,
        seek_ms -> Int8,
        seek_count -> Int8,
        paused_ms -> Int8,
        pause_count -> Int8,
        ended_ms -> Int8,
        idle_ms -> Int8,
        gap_ms -> Int8,
        watched_ms -> Int8,
        rebuffer_ratio -> Nullable<Float8>,
        avg_bitrate_kbps -> Nullable<Float8>,
        bitrate_known_ms -> Int8,
        min_bitrate_kbps -> Nullable<Int4>,
        max_bitrate_kbps -> Nullable<Int4>,
        upswitches -> Int8,
        downswitches -> Int8,
        playing_ms_by_height -> Jsonb,
        dropped_frames -> Nullable<Int8>,
        decoded_frames -> Nullable<Int8>,
        dropped_frame_ratio -> Nullable<Float8>,
        avg_fps -> Nullable<Float8>,
        avg_rtt_ms -> Nullable<Float8>,
        avg_downlink_mbps -> Nullable<Float8>,
        min_buffer_ahead_ms -> Nullable<Int8>,
        error_count -> Int8,
        fatal_error_count -> Int8,
        first_error -> Nullable<Text>,
        vsf -> Bool,
        ebvs -> Bool,
        vpf -> Bool,
        end_reason -> Text,
        clean_exit -> Bool,
        completion -> Nullable<Float8>,
        completeness -> Nullable<Float8>,
        experience_score -> Nullable<Float8>,
        reported_watch_time_ms -> Nullable<Int8>,
        reported_pause_time_ms -> Nullable<Int8>,
        interaction_count -> Nullable<Int8>,
        fold_version -> Int4,
        sealed_at -> Nullable<Timestamptz>,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    summary_hours (project, hour) {
        project -> Text,
        hour -> Timestamptz,
        version -> Int8,
    }
}

diesel::table! {
    telemetry_events (project, session_id, event_id, event_timestamp) {
        project -> Text,
        session_id -> Text,
        event_id -> Text,
        event_timestamp -> Int8,
        event_type -> Text,
        viewer_id -> Nullable<Text>,
        playback_position_sec -> Nullable<Float8>,
        bitrate_kbps -> Nullable<Int4>,
        resolution -> Nullable<Text>,
        video_width -> Nullable<Int4>,
        video_height -> Nullable<Int4>,
        buffer_start -> Nullable<Int8>,
        buffer_end -> Nullable<Int8>,
        buffer_duration_ms -> Nullable<Int8>,
        network_downlink_mbps -> Nullable<Float8>,
        network_rtt_ms -> Nullable<Int4>,
        network_effective_type -> Nullable<Text>,
        device_browser -> Nullable<Text>,
        device_os -> Nullable<Text>,
        screen_width -> Nullable<Int4>,
        screen_height -> Nullable<Int4>,
        dropped_frames -> Nullable<Int4>,
        decoded_frames -> Nullable<Int4>,
        fps -> Nullable<Float8>,
        buffer_length_sec -> Nullable<Float8>,
        total_watch_time_ms -> Nullable<Int8>,
        total_pause_time_ms -> Nullable<Int8>,
        interaction_count -> Nullable<Int4>,
        seq -> Nullable<Int8>,
        sent_at -> Nullable<Timestamptz>,
        raw_json -> Jsonb,
        created_at -> Timestamptz,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    erasures,
    keys,
    recovery_watermark,
    rejected_events,
    retention_state,
    session_summaries,
    summary_hours,
    telemetry_events,
);
