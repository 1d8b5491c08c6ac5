-- Sessions that were erased. What is kept of them is a digest, so that nobody can read here whose they
-- were; their ids stand here only until the erasure is finished. Whoever receives events compares.

CREATE TABLE erasures (
    session_digest BYTEA NOT NULL,
    project        TEXT COLLATE "C",
    session_id     TEXT COLLATE "C",
    erased_at      TIMESTAMPTZ NOT NULL,
    finished_at    TIMESTAMPTZ,
    PRIMARY KEY (session_digest)
);
COMMENT ON TABLE erasures IS 'Tombstones: a session in here is gone, and its events are refused as erased';
COMMENT ON COLUMN erasures.session_digest IS 'SHA-256 over project, a zero byte and session id';
COMMENT ON COLUMN erasures.project IS 'The project, until the erasure is finished; then NULL';
COMMENT ON COLUMN erasures.session_id IS 'The session, until the erasure is finished; then NULL';
COMMENT ON COLUMN erasures.erased_at IS 'When somebody asked for it, by the asked server''s clock';
COMMENT ON COLUMN erasures.finished_at IS 'When its rows were deleted for the second time, after all writes that may have been under way';

CREATE INDEX erasures_unfinished ON erasures (erased_at) WHERE finished_at IS NULL;
COMMENT ON INDEX erasures_unfinished IS 'What every server asks for each second';

-- So that a session's refused events can be found; NULL where none can be read, and in older rows.
ALTER TABLE rejected_events ADD COLUMN session_id TEXT COLLATE "C";
COMMENT ON COLUMN rejected_events.session_id IS 'The session that the event names, where one can be read';
