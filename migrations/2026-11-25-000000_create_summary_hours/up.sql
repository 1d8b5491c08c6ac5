-- Which hours of sessions have changed: a server that keeps columns of summaries in memory asks here
-- whether they are still those of the table. Whoever writes or deletes summaries raises the version of
-- every hour in which one of them starts or ends, before and after the change, in the same transaction.

CREATE TABLE summary_hours (
    project TEXT COLLATE "C" NOT NULL,
    hour    TIMESTAMPTZ NOT NULL,
    version BIGINT NOT NULL DEFAULT 1,
    PRIMARY KEY (project, hour)
) WITH (fillfactor = 50);

COMMENT ON TABLE summary_hours IS 'Every hour in which a session of session_summaries starts or ends';
COMMENT ON COLUMN summary_hours.project IS 'Site, app or environment';
COMMENT ON COLUMN summary_hours.hour IS 'The hour''s beginning (UTC)';
COMMENT ON COLUMN summary_hours.version IS 'Rises with every change to a summary of a session that starts or ends in this hour';

INSERT INTO summary_hours (project, hour)
SELECT DISTINCT s.project, date_trunc('hour', t.moment, 'UTC')
FROM session_summaries AS s
CROSS JOIN LATERAL (VALUES (s.started_at), (s.last_event_at)) AS t (moment);
