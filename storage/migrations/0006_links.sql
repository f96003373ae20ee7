-- 0006 readable-by 0001: footage that a member linked, with all that moved, so that a link can be taken apart again
CREATE TABLE link_event (
    event_id INTEGER PRIMARY KEY,
    kept INTEGER NOT NULL REFERENCES footage,
    gone INTEGER NOT NULL REFERENCES footage,
    moved TEXT NOT NULL, -- JSON made by storage.links: the rows that moved, by table; never queried
    member TEXT NOT NULL,
    user_id INTEGER,
    at INTEGER NOT NULL,
    parted_at INTEGER,
    parted_by TEXT
) STRICT;
CREATE INDEX link_event_kept ON link_event (kept);
