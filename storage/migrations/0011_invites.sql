-- 0011 readable-by 0001: invitations into the team
CREATE TABLE invite (
    invite_id INTEGER PRIMARY KEY,
    secret TEXT NOT NULL UNIQUE, -- SHA-256 of the secret
    role INTEGER NOT NULL CHECK (role BETWEEN 1 AND 4),
    made_by TEXT NOT NULL,
    user_id INTEGER, -- of who made it
    made_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_by INTEGER, -- Telegram's number of who joined by it
    used_at INTEGER,
    revoked_by TEXT,
    revoked_at INTEGER
) STRICT;
