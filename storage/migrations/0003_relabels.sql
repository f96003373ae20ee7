-- 0003 readable-by 0001: copies that contradict what is known of their footage, and messages that ring under a card
CREATE TABLE relabel (
    footage_id INTEGER NOT NULL REFERENCES footage,
    sighting_id INTEGER NOT NULL REFERENCES sighting,
    contrast TEXT NOT NULL CHECK (contrast IN ('place', 'date', 'mirrored', 'sound')),
    said TEXT NOT NULL,
    known TEXT NOT NULL,
    claim TEXT NOT NULL, -- equal for equal claims in all wordings
    noticed_at INTEGER NOT NULL,
    PRIMARY KEY (sighting_id, contrast)
) STRICT;
CREATE INDEX relabel_footage ON relabel (footage_id);

-- A message of its own about what is new on a card that stands already: an edit makes no sound.
CREATE TABLE ring (
    ring_id INTEGER PRIMARY KEY,
    alert_id INTEGER NOT NULL REFERENCES alert,
    sighting_id INTEGER NOT NULL REFERENCES sighting,
    reason TEXT NOT NULL, -- relabel, or what a member follows
    state TEXT NOT NULL CHECK (state IN ('ready', 'sending', 'sent', 'unknown', 'failed')),
    repeats INTEGER NOT NULL DEFAULT 0,
    message_id INTEGER,
    wanted_at INTEGER NOT NULL,
    ended_at INTEGER,
    UNIQUE (alert_id, sighting_id, reason)
) STRICT;
