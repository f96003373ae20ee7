-- 0016 readable-by 0004: originals that the retention rules dropped, and legal holds under which nothing is dropped
CREATE TABLE dropped_file (
    asset_id INTEGER PRIMARY KEY REFERENCES asset,
    reason TEXT NOT NULL,
    dropped_at INTEGER NOT NULL
) STRICT;

-- Setting a hold and lifting it are events; a hold is in force while lifted_at is empty.
CREATE TABLE legal_hold (
    hold_id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('footage', 'tag', 'channel')),
    value TEXT NOT NULL, -- a footage's or channel's number, a tag
    reason TEXT NOT NULL,
    set_at INTEGER NOT NULL,
    lifted_at INTEGER,
    lifted_because TEXT NOT NULL DEFAULT ''
) STRICT;

-- What was under a hold when it was set stays under it, wherever it is filed later.
CREATE TABLE legal_hold_asset (
    hold_id INTEGER NOT NULL REFERENCES legal_hold,
    asset_id INTEGER NOT NULL REFERENCES asset,
    PRIMARY KEY (hold_id, asset_id)
) STRICT;
