ALTER TABLE rejected_events DROP COLUMN session_id;
DROP TABLE erasures;
