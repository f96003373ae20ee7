-- 0008 readable-by 0004: the team's labels of a channel also name its country and hold notes
ALTER TABLE channel ADD COLUMN country TEXT NOT NULL DEFAULT '';
ALTER TABLE channel ADD COLUMN notes TEXT NOT NULL DEFAULT '';
ALTER TABLE watch_wish ADD COLUMN country TEXT NOT NULL DEFAULT '';
ALTER TABLE watch_wish ADD COLUMN notes TEXT NOT NULL DEFAULT '';
