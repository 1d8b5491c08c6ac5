DROP TABLE recovery_watermark;
DROP TABLE rejected_events;
DROP TABLE session_summaries;
DROP TABLE telemetry_events;
