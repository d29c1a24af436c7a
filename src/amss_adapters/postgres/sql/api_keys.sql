-- columns_of_api_key --
-- What an API key is made from.
api_keys.id, api_keys.name, api_keys.prefix, api_keys.permissions, api_keys.created_by, api_keys.expires_at,
    api_keys.last_used_at, api_keys.revoked_at, api_keys.created_at, api_keys.updated_at, api_keys.version

-- api_key_hold --
-- One key, held.
SELECT {columns_of_api_key}
FROM api_keys
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- api_key_hold_unrevoked --
-- The keys of a user that have not been revoked, held.
SELECT {columns_of_api_key}
FROM api_keys
WHERE org_id = $1 AND created_by = $2 AND revoked_at IS NULL
ORDER BY id
FOR NO KEY UPDATE

-- api_key_with_creator --
-- One key with its digest and the user who made it.
SELECT
    {columns_of_api_key},
    api_keys.digest,
    users.id,
    users.email,
    users.name,
    users.role,
    users.active,
    users.created_at,
    users.updated_at,
    users.version
FROM api_keys
JOIN users ON users.org_id = api_keys.org_id AND users.id = api_keys.created_by
WHERE api_keys.org_id = $1 AND api_keys.id = $2

-- api_key_page --
-- Keys after an id, those that have not been revoked or all.
SELECT {columns_of_api_key}
FROM api_keys
WHERE org_id = $1 AND id > $2 AND ($4 OR revoked_at IS NULL)
ORDER BY id
LIMIT $3

-- api_key_page_last_first --
-- Keys before an id, the last first, those that have not been revoked or all.
SELECT {columns_of_api_key}
FROM api_keys
WHERE org_id = $1 AND id < $2 AND ($4 OR revoked_at IS NULL)
ORDER BY id DESC
LIMIT $3

-- api_key_page_of_user --
-- Keys of a user after an id, those that have not been revoked or all.
SELECT {columns_of_api_key}
FROM api_keys
WHERE org_id = $1 AND created_by = $5 AND id > $2 AND ($4 OR revoked_at IS NULL)
ORDER BY id
LIMIT $3

-- api_key_page_of_user_last_first --
-- Keys of a user before an id, the last first, those that have not been revoked or all.
SELECT {columns_of_api_key}
FROM api_keys
WHERE org_id = $1 AND created_by = $5 AND id < $2 AND ($4 OR revoked_at IS NULL)
ORDER BY id DESC
LIMIT $3

-- api_key_insert --
-- Adds a key.
INSERT INTO api_keys (
    org_id, id, created_at, name, prefix, permissions, created_by, expires_at, revoked_at, updated_at, version,
    last_used_at, digest
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- api_key_update --
-- Changes a key that still has the version $3; its digest and when it was last used stay.
WITH changed AS (
    UPDATE api_keys
    SET
        name = $4,
        prefix = $5,
        permissions = $6,
        created_by = $7,
        expires_at = $8,
        revoked_at = $9,
        updated_at = $10,
        version = $11
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))

-- api_key_note_use --
-- Says when a key was last used.
UPDATE api_keys
SET last_used_at = $3
WHERE org_id = $1 AND id = $2
