-- columns_of_reset --
-- What a request to set a forgotten password is made from.
id, user_id, digest, expires_at, tried_at, mailed_at, used_at, created_at, version

-- reset_get --
-- One request.
SELECT {columns_of_reset}
FROM password_resets
WHERE org_id = $1 AND id = $2

-- reset_hold --
-- One request, held.
SELECT {columns_of_reset}
FROM password_resets
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- reset_hold_due --
-- The requests whose mail is due, the oldest first, held.
SELECT {columns_of_reset}
FROM password_resets
WHERE
    org_id = $1
    AND mailed_at IS NULL
    AND used_at IS NULL
    AND created_at > $2
    AND (tried_at IS NULL OR tried_at <= $3)
ORDER BY created_at, id
LIMIT $4
FOR NO KEY UPDATE

-- reset_insert --
-- Adds a request.
INSERT INTO password_resets (org_id, id, created_at, user_id, digest, expires_at, tried_at, mailed_at, used_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- reset_update --
-- Changes a request that still has the version $3.
WITH changed AS (
    UPDATE password_resets
    SET
        user_id = $4,
        digest = $5,
        expires_at = $6,
        tried_at = $7,
        mailed_at = $8,
        used_at = $9,
        version = $10
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))

-- reset_use_all --
-- Makes every request of a user used.
UPDATE password_resets
SET
    used_at = $3,
    version = version + 1
WHERE org_id = $1 AND user_id = $2 AND used_at IS NULL
