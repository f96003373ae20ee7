-- 0017 readable-by 0004: posts and files whose contents were forgotten on purpose; their rows stay as empty places
CREATE TABLE forgotten_post (
    post_id INTEGER PRIMARY KEY REFERENCES post,
    forgotten_at INTEGER NOT NULL
) STRICT;

-- Events, none of which is deleted: an asset is forgotten while came_again_at of its newest one is empty.
CREATE TABLE forgotten_asset (
    turn INTEGER PRIMARY KEY, -- in order of forgetting
    asset_id INTEGER NOT NULL REFERENCES asset,
    forgotten_at INTEGER NOT NULL,
    came_again_at INTEGER
) STRICT;
CREATE INDEX forgotten_asset_now ON forgotten_asset (asset_id) WHERE came_again_at IS NULL;
