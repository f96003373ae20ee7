-- 0001 readable-by 0001: posts, files, fingerprints, footage, the desk, the queue and the custody log
-- Times are integer milliseconds since 1970 UTC; booleans are 0 and 1. INTEGER is 64 bits wide: an engine that has narrower ones reads it as BIGINT.

CREATE TABLE channel (
    channel_id INTEGER PRIMARY KEY,
    title TEXT NOT NULL,
    username TEXT,
    side TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT '',
    protected INTEGER NOT NULL DEFAULT 0 CHECK (protected IN (0, 1)),
    recorded_at INTEGER NOT NULL
) STRICT;

-- Names are dated facts: what a channel was called from when on.
CREATE TABLE channel_name (
    channel_id INTEGER NOT NULL REFERENCES channel,
    noticed_at INTEGER NOT NULL,
    title TEXT NOT NULL,
    username TEXT,
    PRIMARY KEY (channel_id, noticed_at)
) STRICT;

-- An access hash belongs to one account and channel.
CREATE TABLE channel_access (
    channel_id INTEGER NOT NULL REFERENCES channel,
    account TEXT NOT NULL,
    access_hash INTEGER NOT NULL,
    PRIMARY KEY (channel_id, account)
) STRICT;

CREATE TABLE watch (
    channel_id INTEGER PRIMARY KEY REFERENCES channel,
    tier TEXT NOT NULL CHECK (tier IN ('joined', 'fast', 'poll', 'imported')),
    account TEXT NOT NULL,
    contiguous_through INTEGER NOT NULL DEFAULT 0,
    started_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'private', 'banned', 'gone', 'paused')),
    state_reason TEXT NOT NULL DEFAULT '',
    reconciled_at INTEGER
) STRICT;

-- A channel that somebody asked to watch and that is not resolved yet.
CREATE TABLE watch_wish (
    wish TEXT PRIMARY KEY,
    tier TEXT NOT NULL,
    side TEXT NOT NULL DEFAULT '',
    language TEXT NOT NULL DEFAULT '',
    asked_at INTEGER NOT NULL,
    asked_by TEXT NOT NULL,
    failure TEXT NOT NULL DEFAULT ''
) STRICT;

-- What was asked of a channel and came back empty or late: the ledger of coverage.
CREATE TABLE gap (
    gap_id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel,
    after_message INTEGER NOT NULL,
    through_message INTEGER NOT NULL,
    reason TEXT NOT NULL,
    noticed_at INTEGER NOT NULL,
    closed_at INTEGER,
    recovered INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE backfill (
    channel_id INTEGER PRIMARY KEY REFERENCES channel,
    asked_at INTEGER NOT NULL,
    asked_by TEXT NOT NULL,
    since INTEGER,
    below_message INTEGER,
    stored INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'paused', 'done'))
) STRICT;

CREATE TABLE post (
    post_id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel,
    message_id INTEGER NOT NULL,
    posted_at INTEGER NOT NULL,
    captured_at INTEGER NOT NULL,
    capture TEXT NOT NULL,
    account TEXT NOT NULL DEFAULT '',
    text TEXT NOT NULL DEFAULT '',
    album_id INTEGER,
    edited_at INTEGER,
    reply_to INTEGER,
    forward_channel INTEGER,
    forward_message INTEGER,
    forward_posted_at INTEGER,
    forward_name TEXT,
    service TEXT NOT NULL DEFAULT '',
    deleted_at INTEGER, -- when we noticed
    version INTEGER NOT NULL DEFAULT 1,
    raw BLOB NOT NULL,
    raw_layer INTEGER NOT NULL,
    UNIQUE (channel_id, message_id)
) STRICT;
CREATE INDEX post_album ON post (channel_id, album_id) WHERE album_id IS NOT NULL;
CREATE INDEX post_time ON post (posted_at);
CREATE INDEX post_forward ON post (forward_channel, forward_message) WHERE forward_channel IS NOT NULL;

-- Earlier wordings: a version is written when words or media change, before the post takes the new ones.
CREATE TABLE post_version (
    post_id INTEGER NOT NULL REFERENCES post,
    version INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    edited_at INTEGER,
    text TEXT NOT NULL,
    raw BLOB NOT NULL,
    raw_layer INTEGER NOT NULL,
    PRIMARY KEY (post_id, version)
) STRICT;

-- What could not be converted is kept as received and counted, never dropped.
CREATE TABLE unread_post (
    channel_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    captured_at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    raw BLOB NOT NULL,
    PRIMARY KEY (channel_id, message_id)
) STRICT;

CREATE TABLE asset (
    asset_id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    size INTEGER NOT NULL,
    kind TEXT NOT NULL,
    held_at INTEGER NOT NULL,
    verdict TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    layers TEXT NOT NULL DEFAULT '',
    plain INTEGER NOT NULL DEFAULT 0 CHECK (plain IN (0, 1)),
    duration REAL,
    width INTEGER,
    height INTEGER,
    phash TEXT NOT NULL DEFAULT ''
) STRICT;

-- Telegram's own identity of a file: equal for equal files in every channel and account.
CREATE TABLE telegram_file (
    file_id INTEGER PRIMARY KEY,
    asset_id INTEGER NOT NULL REFERENCES asset
) STRICT;

CREATE TABLE media_ref (
    ref_id INTEGER PRIMARY KEY,
    post_id INTEGER NOT NULL REFERENCES post,
    version INTEGER NOT NULL, -- the newest version of the post that has this file
    role TEXT NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    file_id INTEGER,
    size INTEGER,
    mime TEXT NOT NULL,
    name TEXT NOT NULL,
    duration REAL,
    width INTEGER,
    height INTEGER,
    state TEXT NOT NULL CHECK (state IN ('wanted', 'held', 'absent', 'refused', 'lost')),
    reason TEXT NOT NULL DEFAULT '',
    asset_id INTEGER REFERENCES asset,
    CHECK ((state = 'held') = (asset_id IS NOT NULL)),
    UNIQUE (post_id, version, role, position)
) STRICT;
CREATE INDEX media_ref_file ON media_ref (file_id) WHERE file_id IS NOT NULL;

CREATE TABLE link (
    post_id INTEGER NOT NULL REFERENCES post,
    position INTEGER NOT NULL,
    url TEXT NOT NULL,
    PRIMARY KEY (post_id, position)
) STRICT;

CREATE TABLE sighting (
    sighting_id INTEGER PRIMARY KEY,
    asset_id INTEGER NOT NULL REFERENCES asset,
    post_id INTEGER NOT NULL REFERENCES post,
    ref_id INTEGER NOT NULL UNIQUE REFERENCES media_ref,
    recorded_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sighting_asset ON sighting (asset_id);
CREATE INDEX sighting_post ON sighting (post_id);

CREATE TABLE fingerprint (
    fingerprint_id INTEGER PRIMARY KEY,
    asset_id INTEGER NOT NULL REFERENCES asset,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    quality REAL NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (asset_id, kind, version)
) STRICT;

-- Measured likeness of two assets, told from the side of the asset that was matched (``asset_id``).
CREATE TABLE match (
    match_id INTEGER PRIMARY KEY,
    asset_id INTEGER NOT NULL REFERENCES asset,
    other_id INTEGER NOT NULL REFERENCES asset,
    relation TEXT NOT NULL,
    certain INTEGER NOT NULL CHECK (certain IN (0, 1)),
    strength REAL NOT NULL,
    evidence TEXT NOT NULL, -- JSON made by fingerprints.compare, never queried
    matched_at INTEGER NOT NULL,
    UNIQUE (asset_id, other_id),
    CHECK (asset_id <> other_id)
) STRICT;
CREATE INDEX match_other ON match (other_id);

-- A member's yes or no to a match; the newest one counts, and a no is remembered for good.
CREATE TABLE review (
    review_id INTEGER PRIMARY KEY,
    asset_id INTEGER NOT NULL REFERENCES asset,
    other_id INTEGER NOT NULL REFERENCES asset,
    same INTEGER NOT NULL CHECK (same IN (0, 1)),
    member TEXT NOT NULL,
    user_id INTEGER,
    given_at INTEGER NOT NULL
) STRICT;

CREATE TABLE footage (
    footage_id INTEGER PRIMARY KEY,
    created_at INTEGER NOT NULL,
    merged_into INTEGER REFERENCES footage,
    furniture INTEGER NOT NULL DEFAULT 0 CHECK (furniture IN (0, 1))
) STRICT;

-- Every asset belongs to one footage (its recording) and may be a part of others: a compilation, a known sound.
CREATE TABLE footage_asset (
    footage_id INTEGER NOT NULL REFERENCES footage,
    asset_id INTEGER NOT NULL REFERENCES asset,
    belongs INTEGER NOT NULL CHECK (belongs IN (0, 1)),
    PRIMARY KEY (footage_id, asset_id)
) STRICT;
CREATE UNIQUE INDEX footage_asset_home ON footage_asset (asset_id) WHERE belongs = 1;
CREATE INDEX footage_asset_asset ON footage_asset (asset_id);

CREATE TABLE finding (
    sighting_id INTEGER PRIMARY KEY REFERENCES sighting,
    kind TEXT NOT NULL CHECK (kind IN ('new', 'repost', 'possible', 'plain')),
    footage_id INTEGER NOT NULL REFERENCES footage,
    relation TEXT NOT NULL DEFAULT '',
    strength REAL NOT NULL DEFAULT 0,
    match_id INTEGER REFERENCES match,
    parts TEXT NOT NULL DEFAULT '', -- further footage ids, joined by spaces
    made_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX finding_footage ON finding (footage_id);

CREATE TABLE alert (
    alert_id INTEGER PRIMARY KEY,
    footage_id INTEGER NOT NULL REFERENCES footage,
    chat_id INTEGER NOT NULL,
    thread_id INTEGER,
    message_id INTEGER,
    shown_version INTEGER NOT NULL DEFAULT 0,
    wanted_version INTEGER NOT NULL DEFAULT 1,
    shown_digest TEXT NOT NULL DEFAULT '',
    picture_digest TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL CHECK (state IN ('ready', 'sending', 'sent', 'unknown', 'failed')),
    loud INTEGER NOT NULL DEFAULT 0 CHECK (loud IN (0, 1)),
    repeats INTEGER NOT NULL DEFAULT 0,
    trigger_at INTEGER NOT NULL, -- when the post that caused it was captured: alert age is measured from here
    first_sent_at INTEGER,
    UNIQUE (footage_id, chat_id)
) STRICT;
CREATE UNIQUE INDEX alert_message ON alert (chat_id, message_id) WHERE message_id IS NOT NULL;

CREATE TABLE delivery (
    delivery_id INTEGER PRIMARY KEY,
    alert_id INTEGER NOT NULL REFERENCES alert,
    action TEXT NOT NULL CHECK (action IN ('send', 'edit')),
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('sending', 'sent', 'unknown', 'failed')),
    began_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX delivery_alert ON delivery (alert_id);

CREATE TABLE member (
    user_id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 4),
    active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    added_at INTEGER NOT NULL
) STRICT;

-- Labels, judgements, notes and claims are events: taking one back is an event too.
CREATE TABLE tag_event (
    event_id INTEGER PRIMARY KEY,
    footage_id INTEGER NOT NULL REFERENCES footage,
    tag TEXT NOT NULL,
    added INTEGER NOT NULL CHECK (added IN (0, 1)),
    member TEXT NOT NULL,
    user_id INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX tag_event_footage ON tag_event (footage_id);
CREATE TABLE footage_tag ( -- the sum of tag_event, kept in the same transaction
    footage_id INTEGER NOT NULL REFERENCES footage,
    tag TEXT NOT NULL,
    PRIMARY KEY (footage_id, tag)
) STRICT;
CREATE INDEX footage_tag_tag ON footage_tag (tag);

CREATE TABLE verdict_event (
    event_id INTEGER PRIMARY KEY,
    footage_id INTEGER NOT NULL REFERENCES footage,
    verdict TEXT NOT NULL,
    member TEXT NOT NULL,
    user_id INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX verdict_event_footage ON verdict_event (footage_id);

CREATE TABLE note (
    note_id INTEGER PRIMARY KEY,
    footage_id INTEGER NOT NULL REFERENCES footage,
    text TEXT NOT NULL,
    second REAL,
    member TEXT NOT NULL,
    user_id INTEGER,
    written_at INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX note_footage ON note (footage_id);

CREATE TABLE claim_event (
    event_id INTEGER PRIMARY KEY,
    footage_id INTEGER NOT NULL REFERENCES footage,
    claimed INTEGER NOT NULL CHECK (claimed IN (0, 1)),
    member TEXT NOT NULL,
    user_id INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX claim_event_footage ON claim_event (footage_id);

CREATE TABLE location (
    location_id INTEGER PRIMARY KEY,
    footage_id INTEGER NOT NULL REFERENCES footage,
    name TEXT NOT NULL,
    latitude REAL,
    longitude REAL,
    precision TEXT NOT NULL,
    member TEXT NOT NULL,
    user_id INTEGER,
    given_at INTEGER NOT NULL
) STRICT;
CREATE INDEX location_footage ON location (footage_id);

-- A member's question "have we seen this?", with media. The file itself is not kept.
CREATE TABLE look_up (
    look_up_id INTEGER PRIMARY KEY,
    chat_id INTEGER NOT NULL,
    message_id INTEGER NOT NULL,
    thread_id INTEGER,
    user_id INTEGER NOT NULL,
    file_id TEXT NOT NULL, -- the Bot API's own id
    kind TEXT NOT NULL,
    size INTEGER,
    asked_at INTEGER NOT NULL,
    answer_id INTEGER, -- the message that is edited into the answer
    answered_at INTEGER,
    answer TEXT NOT NULL DEFAULT '',
    UNIQUE (chat_id, message_id)
) STRICT;

-- One durable unit of work; keys only, no payload.
CREATE TABLE job (
    job_id INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    priority INTEGER NOT NULL, -- lower goes first: 0 live, 1 look-up, 2 backfill
    lock TEXT NOT NULL DEFAULT '', -- jobs of one queue and lock run one at a time, in order of ``position``
    position INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL CHECK (state IN ('ready', 'running', 'parked')),
    attempts INTEGER NOT NULL DEFAULT 0,
    run_at INTEGER NOT NULL,
    error TEXT NOT NULL DEFAULT '',
    again INTEGER NOT NULL DEFAULT 0 CHECK (again IN (0, 1)), -- enqueued once more while it was running
    UNIQUE (queue, key)
) STRICT;
CREATE INDEX job_ready ON job (queue, priority, run_at, job_id) WHERE state = 'ready';
CREATE INDEX job_lock ON job (queue, lock, position, job_id) WHERE lock <> '' AND state = 'ready';
CREATE INDEX job_taken ON job (queue, lock) WHERE lock <> '' AND state = 'running';

CREATE TABLE custody (
    seq INTEGER PRIMARY KEY,
    prev TEXT NOT NULL,
    body TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
) STRICT;
CREATE TRIGGER custody_stays BEFORE UPDATE ON custody BEGIN SELECT RAISE(ABORT, 'the custody log is append-only'); END;
CREATE TRIGGER custody_keeps BEFORE DELETE ON custody BEGIN SELECT RAISE(ABORT, 'the custody log is append-only'); END;

-- Small facts that must outlive a restart: Bot API offset, pace of each method, heartbeat.
CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

CREATE TABLE trouble (
    part TEXT PRIMARY KEY,
    message TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;

-- Words to search: one row a post, kept by storage.search.
CREATE VIRTUAL TABLE post_words USING fts5 (words, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4');
