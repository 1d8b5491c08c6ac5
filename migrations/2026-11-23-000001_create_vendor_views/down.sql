DROP VIEW cta_2066_daily;
DROP VIEW cta_2066_sessions;
DROP VIEW conviva_daily;
DROP VIEW conviva_sessions;
DROP VIEW mux_daily;
DROP VIEW mux_sessions;
DROP VIEW session_plays;
