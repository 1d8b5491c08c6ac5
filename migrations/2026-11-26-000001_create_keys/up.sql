-- Who may write, read and erase, and in which project. The keys themselves are not here: only their
-- digests. Rows are never deleted: from the first one on nothing is open to all, also when every key is
-- revoked. The server keeps them in memory and reads them again every 2 s.

CREATE TABLE keys (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       TEXT COLLATE "C" NOT NULL,
    project    TEXT COLLATE "C" NOT NULL,
    label      TEXT,
    prefix     TEXT COLLATE "C" NOT NULL,
    digest     BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    revoked_at TIMESTAMPTZ,
    CONSTRAINT keys_digest_key UNIQUE (digest),
    CONSTRAINT keys_kind_check CHECK (kind IN ('write', 'read', 'erase')),
    CONSTRAINT keys_digest_check CHECK (length(digest) = 32)
);

COMMENT ON TABLE keys IS 'Who may write, read and erase, and in which project';
COMMENT ON COLUMN keys.id IS 'Names the key to operators';
COMMENT ON COLUMN keys.kind IS 'write: players send events with it; read: analysts ask with it; erase: sessions and viewers are erased with it';
COMMENT ON COLUMN keys.project IS 'Site, app or environment: what is written with the key belongs to it, and what is read or erased with it is of it alone';
COMMENT ON COLUMN keys.label IS 'Whose it is, in the operator''s words; NULL: nothing was said';
COMMENT ON COLUMN keys.prefix IS 'How the key begins, to tell it from others';
COMMENT ON COLUMN keys.digest IS 'SHA-256 of the key; the key is kept nowhere';
COMMENT ON COLUMN keys.created_at IS 'When it was created';
COMMENT ON COLUMN keys.revoked_at IS 'Since when it is refused; NULL: it is good';
