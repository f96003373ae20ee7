-- 0015 readable-by 0015: chats follow searches and verdicts, too
CREATE TABLE attention_wider (
    chat_id INTEGER NOT NULL, -- a group, or a member's private chat
    subject TEXT NOT NULL CHECK (subject IN ('footage', 'channel', 'tag', 'place', 'word', 'verdict', 'search')),
    meant TEXT NOT NULL, -- as compared: a number, a folded word; of a search all that must hold, as JSON
    shown TEXT NOT NULL, -- as written
    follows INTEGER NOT NULL CHECK (follows IN (0, 1)), -- 0: muted
    member TEXT NOT NULL,
    user_id INTEGER,
    set_at INTEGER NOT NULL,
    PRIMARY KEY (chat_id, subject, meant)
) STRICT;
INSERT INTO attention_wider SELECT * FROM attention;
DROP TABLE attention;
ALTER TABLE attention_wider RENAME TO attention;
