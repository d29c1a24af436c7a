-- columns_of_letter --
-- What a letter is made from.
org_id, event_id, event_type, aggregate_id, version, seq, occurred_at, reader_group, reason, failed_at, times,
    replayed_at

-- dead_letter_add --
-- Keeps letters in place of those of the same event and group, and takes their messages out of the way.
WITH letters AS (
    SELECT {columns_of_letter}
    FROM unnest(
        $1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::text[],
        $9::text[], $10::timestamptz[], $11::bigint[], $12::timestamptz[]
    ) AS letter ({columns_of_letter})
),

kept AS (
    INSERT INTO dead_letters ({columns_of_letter})
    SELECT {columns_of_letter}
    FROM letters
    ON CONFLICT (org_id, event_id, reader_group) DO UPDATE
    SET
        reason = excluded.reason,
        failed_at = excluded.failed_at,
        times = excluded.times,
        replayed_at = excluded.replayed_at
)

UPDATE outbox
SET fanned_out_at = letters.failed_at
FROM letters
WHERE outbox.org_id = letters.org_id AND outbox.id = letters.event_id

-- dead_letter_list --
-- Letters of all organizations that were not replayed, the oldest first.
SELECT {columns_of_letter}
FROM dead_letters
WHERE replayed_at IS NULL
ORDER BY failed_at, seq
LIMIT $1

-- dead_letter_list_of --
-- Letters of one organization that were not replayed, the oldest first.
SELECT {columns_of_letter}
FROM dead_letters
WHERE replayed_at IS NULL AND org_id = $2
ORDER BY failed_at, seq
LIMIT $1

-- dead_letter_replay --
-- Marks letters of some events as replayed at $2, sends their messages on their way again, and counts them.
WITH replayed AS (
    UPDATE dead_letters
    SET replayed_at = $2
    WHERE replayed_at IS NULL AND event_id = ANY($1::uuid[])
    RETURNING org_id, event_id
),

sent AS (
    UPDATE outbox
    SET published_at = NULL, fanned_out_at = NULL
    FROM (
        SELECT DISTINCT org_id, event_id
        FROM replayed
    ) AS again
    WHERE outbox.org_id = again.org_id AND outbox.id = again.event_id
)

SELECT count(*)
FROM replayed
