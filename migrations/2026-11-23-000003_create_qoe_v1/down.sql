DROP VIEW qoe_v1.cta_2066_daily;
DROP VIEW qoe_v1.cta_2066_sessions;
DROP VIEW qoe_v1.conviva_daily;
DROP VIEW qoe_v1.conviva_sessions;
DROP VIEW qoe_v1.mux_daily;
DROP VIEW qoe_v1.mux_sessions;
DROP VIEW qoe_v1.errors;
DROP VIEW qoe_v1.events;
DROP VIEW qoe_v1.sessions;
DROP SCHEMA qoe_v1;
-- The role qoe_reader stays: it is the server's, and its other databases may use it.
