-- What analysts ask of summaries: a period, newest first, of everything, of a viewer, of a video, or
-- of what failed. Each index ends with the session's id, as lists are sorted by it where times are
-- equal. Built within the migration: building them beside it waits for whoever waits for the
-- migration. On a million rows that takes a few seconds, in which summaries wait.

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX session_summaries_started_at ON session_summaries (project, started_at, session_id);
COMMENT ON INDEX session_summaries_started_at IS 'Figures of a period, and lists, newest first';

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX session_summaries_last_event_at ON session_summaries (project, last_event_at, session_id);
COMMENT ON INDEX session_summaries_last_event_at IS 'The same by the last event';

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX session_summaries_viewer_id ON session_summaries (project, viewer_id, started_at, session_id);
COMMENT ON INDEX session_summaries_viewer_id IS 'A viewer''s sessions, newest first';

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX session_summaries_video_id ON session_summaries (project, video_id, started_at, session_id);
COMMENT ON INDEX session_summaries_video_id IS 'A video''s sessions, newest first';

-- squawk-ignore require-concurrent-index-creation
CREATE INDEX session_summaries_first_error ON session_summaries (project, started_at, session_id)
    WHERE first_error IS NOT NULL;
COMMENT ON INDEX session_summaries_first_error IS 'Sessions with errors: few, and asked for often';
