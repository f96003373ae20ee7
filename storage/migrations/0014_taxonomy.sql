-- 0014 readable-by 0001: how leads changed the tags on offer
CREATE TABLE taxonomy_event (
    event_id INTEGER PRIMARY KEY,
    act TEXT NOT NULL CHECK (act IN ('added', 'renamed', 'retired')),
    tag TEXT NOT NULL,
    became TEXT NOT NULL, -- empty unless renamed
    member TEXT NOT NULL,
    user_id INTEGER,
    at INTEGER NOT NULL
) STRICT;
