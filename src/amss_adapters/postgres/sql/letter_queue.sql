-- letter_claim --
-- Claims up to $3 letters that are due at $1 until $2, up to $4 of each organization, each found by a look into the index.
WITH RECURSIVE concerned AS (
    (
        SELECT org_id
        FROM letters
        ORDER BY org_id
        LIMIT 1
    )
    UNION ALL
    SELECT following.org_id
    FROM concerned
    CROSS JOIN LATERAL (
        SELECT letters.org_id
        FROM letters
        WHERE letters.org_id > concerned.org_id
        ORDER BY letters.org_id
        LIMIT 1
    ) AS following
),

due AS (
    SELECT
        ready.org_id,
        ready.id
    FROM concerned
    CROSS JOIN LATERAL (
        SELECT
            letters.org_id,
            letters.id,
            letters.due_at
        FROM letters
        WHERE letters.org_id = concerned.org_id AND letters.due_at <= $1
        ORDER BY letters.due_at, letters.id
        LIMIT $4
        FOR UPDATE SKIP LOCKED
    ) AS ready
    ORDER BY ready.due_at, ready.id
    LIMIT $3
),

claimed AS (
    UPDATE letters
    SET due_at = $2
    FROM due
    WHERE letters.org_id = due.org_id AND letters.id = due.id
    RETURNING
        letters.org_id,
        letters.id,
        letters.recipient,
        letters.name,
        letters.subject,
        letters.body,
        letters.tries,
        letters.due_at,
        letters.created_at
)

SELECT
    org_id,
    id,
    recipient,
    name,
    subject,
    body,
    tries,
    due_at,
    created_at
FROM claimed
ORDER BY created_at, id

-- letter_done --
-- Removes a letter.
DELETE FROM letters
WHERE org_id = $1 AND id = $2

-- letter_put_off --
-- Has a letter due at $4, with $5 more tries, unless somebody else has claimed it since.
UPDATE letters
SET
    due_at = $4,
    tries = tries + $5
WHERE org_id = $1 AND id = $2 AND due_at = $3

-- letter_backlog --
-- How many letters wait, and since when the oldest does.
SELECT
    count(*),
    (
        SELECT created_at
        FROM letters
        ORDER BY created_at
        LIMIT 1
    )
FROM letters
