-- 0009 readable-by 0004: channel furniture: footage that members marked as such, and stretches of files that were learned
CREATE TABLE furniture_event (
    event_id INTEGER PRIMARY KEY,
    footage_id INTEGER NOT NULL REFERENCES footage,
    furniture INTEGER NOT NULL CHECK (furniture IN (0, 1)),
    member TEXT NOT NULL,
    user_id INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX furniture_event_footage ON furniture_event (footage_id);

-- An intro, a jingle, an end card of a channel, with what it was learned from. A member's no stays.
CREATE TABLE furniture (
    furniture_id INTEGER PRIMARY KEY,
    channel_id INTEGER NOT NULL REFERENCES channel,
    place TEXT NOT NULL CHECK (place IN ('opening', 'ending', 'within')),
    picture INTEGER NOT NULL CHECK (picture IN (0, 1)), -- 0: only the sound is alike
    learned_from TEXT NOT NULL, -- footage ids, joined by spaces
    days INTEGER NOT NULL, -- on how many different days these were posted
    marked_by TEXT NOT NULL DEFAULT '', -- the member who said so; empty: it was learned
    learned_at INTEGER NOT NULL,
    rejected INTEGER NOT NULL DEFAULT 0 CHECK (rejected IN (0, 1))
) STRICT;

-- Where a piece of furniture stands in a file, in seconds.
CREATE TABLE furniture_stretch (
    furniture_id INTEGER NOT NULL REFERENCES furniture,
    asset_id INTEGER NOT NULL REFERENCES asset,
    start REAL NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (furniture_id, asset_id)
) STRICT;
CREATE INDEX furniture_stretch_asset ON furniture_stretch (asset_id);

-- Members say that what was learned is none, or that it is after all.
CREATE TABLE furniture_review (
    review_id INTEGER PRIMARY KEY,
    furniture_id INTEGER NOT NULL REFERENCES furniture,
    rejected INTEGER NOT NULL CHECK (rejected IN (0, 1)),
    member TEXT NOT NULL,
    user_id INTEGER,
    at INTEGER NOT NULL
) STRICT;
