-- import_claim --
-- Claims the first import of the organization whose turn it is, of all that nobody has a claim on which still lasts.
WITH head AS (
    SELECT waiting.org_id, waiting.id
    FROM imports AS waiting
    WHERE
        waiting.status IN ('queued', 'running')
        AND (waiting.claimed_until IS NULL OR waiting.claimed_until <= $2)
        AND NOT EXISTS (
            SELECT
            FROM imports AS earlier
            WHERE
                earlier.org_id = waiting.org_id
                AND earlier.id < waiting.id
                AND earlier.status IN ('queued', 'running')
        )
    ORDER BY
        greatest(
            (SELECT max(done.finished_at) FROM imports AS done WHERE done.org_id = waiting.org_id),
            CASE WHEN waiting.status = 'running' THEN waiting.updated_at END
        ) NULLS FIRST,
        waiting.id
    LIMIT 1
    FOR NO KEY UPDATE OF waiting SKIP LOCKED
)
UPDATE imports
SET
    claimed_by = $1,
    claimed_until = $3,
    claim_token = imports.claim_token + 1,
    claim_tries = imports.claim_tries + 1
FROM head
WHERE imports.org_id = head.org_id AND imports.id = head.id
RETURNING imports.org_id, imports.id, imports.claim_token, imports.claim_tries, imports.claim_pauses

-- import_claim_prolong --
-- Makes a claim that is the latest last until $4.
UPDATE imports
SET claimed_until = $4
WHERE org_id = $1 AND id = $2 AND claim_token = $3
RETURNING 1

-- import_claim_pause --
-- Lets nobody claim the import until $4; the claim, if it is the latest, was a pause and no try.
UPDATE imports
SET claimed_until = $4, claim_tries = greatest(claim_tries - 1, 0), claim_pauses = claim_pauses + 1
WHERE org_id = $1 AND id = $2 AND claim_token = $3
RETURNING 1

-- import_claim_release --
-- Ends a claim that is the latest, which was no try.
UPDATE imports
SET claimed_until = NULL, claim_tries = greatest(claim_tries - 1, 0)
WHERE org_id = $1 AND id = $2 AND claim_token = $3
RETURNING 1

-- import_others_wait --
-- Whether another organization than $1 has an import that nobody has a claim on which still lasts.
SELECT
    EXISTS(
        SELECT
        FROM imports AS waiting
        WHERE
            waiting.status IN ('queued', 'running')
            AND waiting.org_id <> $1
            AND (waiting.claimed_until IS NULL OR waiting.claimed_until <= $2)
            AND NOT EXISTS (
                SELECT
                FROM imports AS earlier
                WHERE
                    earlier.org_id = waiting.org_id
                    AND earlier.id < waiting.id
                    AND earlier.status IN ('queued', 'running')
            )
    )

-- import_backlog --
-- How many imports are not finished, and since when the oldest waits.
SELECT count(*), min(created_at)
FROM imports
WHERE status IN ('queued', 'running')
