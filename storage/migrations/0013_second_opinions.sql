-- 0013 readable-by 0001: verdicts that hold only once a second member agrees
ALTER TABLE verdict_event ADD COLUMN needs_second INTEGER NOT NULL DEFAULT 0 CHECK (needs_second IN (0, 1));

CREATE TABLE second_opinion (
    opinion_id INTEGER PRIMARY KEY,
    event_id INTEGER NOT NULL REFERENCES verdict_event,
    member TEXT NOT NULL,
    user_id INTEGER,
    at INTEGER NOT NULL,
    withdrawn_at INTEGER
) STRICT;
CREATE INDEX second_opinion_event ON second_opinion (event_id);
