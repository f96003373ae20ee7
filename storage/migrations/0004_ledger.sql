-- 0004 readable-by 0004: the ledger: from when to when a channel was watched, how, and when it could not be seen
CREATE TABLE watch_span (
    span_id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel,
    tier TEXT NOT NULL CHECK (tier IN ('joined', 'fast', 'poll', 'preview')),
    account TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    after_message INTEGER NOT NULL, -- what is promised begins above this id
    through_message INTEGER NOT NULL, -- every post up to here is stored or known absent
    confirmed_at INTEGER, -- when the channel was last compared with what is stored
    ended_at INTEGER,
    ended_why TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX watch_span_channel ON watch_span (channel_id);
CREATE UNIQUE INDEX watch_span_open ON watch_span (channel_id) WHERE ended_at IS NULL;

-- A time in which a watched channel could not be seen. What was posted then is read back; what was posted and deleted
-- within it is not.
CREATE TABLE interruption (
    interruption_id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel,
    began_at INTEGER NOT NULL,
    ended_at INTEGER, -- when it was read back
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX interruption_channel ON interruption (channel_id);
CREATE UNIQUE INDEX interruption_open ON interruption (channel_id) WHERE ended_at IS NULL;

INSERT INTO watch_span (channel_id, tier, account, began_at, after_message, through_message, confirmed_at)
SELECT channel_id, tier, account, started_at, contiguous_through, contiguous_through, reconciled_at FROM watch
WHERE tier <> 'imported';

-- Channels may be watched by their public pages, without any account.
CREATE TABLE watch_rebuilt (
    channel_id INTEGER PRIMARY KEY REFERENCES channel,
    tier TEXT NOT NULL CHECK (tier IN ('joined', 'fast', 'poll', 'preview', 'imported')),
    account TEXT NOT NULL,
    contiguous_through INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'private', 'banned', 'gone', 'paused')),
    state_reason TEXT NOT NULL DEFAULT '',
    reconciled_at INTEGER
) STRICT;
INSERT INTO watch_rebuilt
SELECT channel_id, tier, account, contiguous_through, started_at, state, state_reason, reconciled_at FROM watch;
DROP TABLE watch;
ALTER TABLE watch_rebuilt RENAME TO watch;
