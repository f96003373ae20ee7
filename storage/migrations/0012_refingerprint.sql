-- 0012 readable-by 0004: bringing the fingerprints of an archive to present versions, and what could not be brought there
CREATE TABLE refingerprint (
    only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
    state TEXT NOT NULL CHECK (state IN ('running', 'paused', 'done')),
    versions TEXT NOT NULL, -- the present ones when it was asked for
    asked_at INTEGER NOT NULL,
    through_asset INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL,
    brought INTEGER NOT NULL DEFAULT 0,
    left_old INTEGER NOT NULL DEFAULT 0,
    seconds REAL NOT NULL DEFAULT 0 -- spent on what was brought and left
) STRICT;

-- Assets that keep the fingerprints of an older version, with the reason.
CREATE TABLE old_fingerprint (
    asset_id INTEGER PRIMARY KEY REFERENCES asset,
    reason TEXT NOT NULL,
    noticed_at INTEGER NOT NULL
) STRICT;
