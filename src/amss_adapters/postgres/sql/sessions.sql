-- session_hold_of_token --
-- A token and its session, both held.
SELECT
    sessions.id,
    sessions.user_id,
    sessions.expires_at,
    sessions.revoked_at,
    sessions.created_at,
    sessions.version,
    refresh_tokens.id,
    refresh_tokens.digest,
    refresh_tokens.spent_at,
    refresh_tokens.successor_id,
    refresh_tokens.created_at
FROM refresh_tokens
JOIN sessions ON sessions.org_id = refresh_tokens.org_id AND sessions.id = refresh_tokens.session_id
WHERE refresh_tokens.org_id = $1 AND refresh_tokens.id = $2
FOR NO KEY UPDATE

-- session_insert --
-- Adds a session.
INSERT INTO sessions (org_id, id, created_at, user_id, expires_at, revoked_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- session_update --
-- Changes a session that still has the version $3.
WITH changed AS (
    UPDATE sessions
    SET
        user_id = $4,
        expires_at = $5,
        revoked_at = $6,
        version = $7
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))

-- session_revoke_all --
-- Revokes a user's sessions, perhaps all but one.
UPDATE sessions
SET
    revoked_at = $3,
    version = version + 1
WHERE
    org_id = $1
    AND user_id = $2
    AND revoked_at IS NULL
    AND id IS DISTINCT FROM $4::uuid

-- token_insert --
-- Adds a refresh token.
INSERT INTO refresh_tokens (org_id, id, created_at, session_id, digest, spent_at, successor_id)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- token_spend --
-- Says when a refresh token was used that was not before, and what came for it.
WITH changed AS (
    UPDATE refresh_tokens
    SET
        spent_at = $3,
        successor_id = $4
    WHERE org_id = $1 AND id = $2 AND spent_at IS NULL
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
