-- 0010 readable-by 0004: every change of a file's fingerprints leaves a mark, by which the index knows what it holds
-- A mark is a number by chance: where the index notes the same one, it was made from the very fingerprints held here.
-- The row outlives the fingerprints, and no program can write one without a new mark.
CREATE TABLE fingerprint_mark (
    asset_id INTEGER PRIMARY KEY,
    mark INTEGER NOT NULL
) STRICT;
INSERT INTO fingerprint_mark (asset_id, mark) SELECT asset_id, random() FROM fingerprint GROUP BY asset_id;

CREATE TRIGGER fingerprint_comes AFTER INSERT ON fingerprint BEGIN
    INSERT INTO fingerprint_mark (asset_id, mark) VALUES (NEW.asset_id, random())
    ON CONFLICT (asset_id) DO UPDATE SET mark = excluded.mark;
END;
CREATE TRIGGER fingerprint_goes AFTER DELETE ON fingerprint BEGIN
    UPDATE fingerprint_mark SET mark = random() WHERE asset_id = OLD.asset_id;
END;
CREATE TRIGGER fingerprint_changes AFTER UPDATE ON fingerprint BEGIN
    UPDATE fingerprint_mark SET mark = random() WHERE asset_id = OLD.asset_id;
    INSERT INTO fingerprint_mark (asset_id, mark) VALUES (NEW.asset_id, random())
    ON CONFLICT (asset_id) DO UPDATE SET mark = excluded.mark;
END;

-- Which database this is: index files of another one are not read.
CREATE TABLE identity (
    name TEXT PRIMARY KEY
) STRICT;
INSERT INTO identity (name) VALUES (lower(hex(randomblob(16))));
