-- What every INSERT of events looks at before it writes: whether there are sealed sessions at all, and
-- how far back nothing is known any more. One row, so that this look costs next to nothing.

CREATE TABLE retention_state (
    id                SMALLINT NOT NULL DEFAULT 1 CHECK (id = 1),
    sealing           BOOLEAN NOT NULL DEFAULT FALSE,
    expired_before_ms BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (id)
);

COMMENT ON TABLE retention_state IS 'How far retention has gone';
COMMENT ON COLUMN retention_state.id IS 'Always 1: the table has one row';
COMMENT ON COLUMN retention_state.sealing IS 'Sessions have been sealed, so events are held against them; never taken back';
COMMENT ON COLUMN retention_state.expired_before_ms IS 'Summaries before this were deleted: events before it are refused, epoch ms';

INSERT INTO retention_state (sealing)
SELECT EXISTS (SELECT FROM session_summaries WHERE sealed_at IS NOT NULL);
