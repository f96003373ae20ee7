-- 0005 readable-by 0001: what chats follow and mute, and what was held back from them
CREATE TABLE attention (
    chat_id INTEGER NOT NULL, -- a group, or a member's private chat
    subject TEXT NOT NULL CHECK (subject IN ('footage', 'channel', 'tag', 'place', 'word')),
    meant TEXT NOT NULL, -- as compared: a number, a folded word
    shown TEXT NOT NULL, -- as written
    follows INTEGER NOT NULL CHECK (follows IN (0, 1)), -- 0: muted
    member TEXT NOT NULL,
    user_id INTEGER,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (chat_id, subject, meant)
) STRICT;

-- A card that a mute kept from a chat: told in the next recap.
CREATE TABLE held_back (
    chat_id INTEGER NOT NULL,
    thread_id INTEGER,
    footage_id INTEGER NOT NULL REFERENCES footage,
    sighting_id INTEGER NOT NULL REFERENCES sighting,
    reason TEXT NOT NULL,
    held_at INTEGER NOT NULL,
    told_at INTEGER,
    PRIMARY KEY (chat_id, footage_id, sighting_id)
) STRICT;
CREATE INDEX held_back_untold ON held_back (chat_id, held_at) WHERE told_at IS NULL;
