-- answer_get --
-- What was kept under a key after an instant.
SELECT fingerprint, answer
FROM idempotency_keys
WHERE
    org_id = $1
    AND scope = $2
    AND key = $3
    AND created_at > $4

-- answer_keep --
-- Keeps an answer under a key that was not used after an instant; fails otherwise.
WITH kept AS (
    INSERT INTO idempotency_keys AS known (org_id, scope, key, fingerprint, answer, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (org_id, scope, key) DO UPDATE
    SET
        fingerprint = excluded.fingerprint,
        answer = excluded.answer,
        created_at = excluded.created_at
    WHERE known.created_at <= $7
    RETURNING 1
)

SELECT amss_expect_one(count(*))
FROM kept
