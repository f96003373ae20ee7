-- 0002 readable-by 0001: places say by which method they were found, can be taken off, and are searched by their words
ALTER TABLE location ADD COLUMN method TEXT NOT NULL DEFAULT '';
ALTER TABLE location ADD COLUMN given INTEGER NOT NULL DEFAULT 1 CHECK (given IN (0, 1)); -- 0: the place was taken off
ALTER TABLE location ADD COLUMN words TEXT NOT NULL DEFAULT ''; -- the folded words of the name
