-- columns_of_notice --
-- What a notice is made from.
org_id, id, event_type, aggregate_id, version, seq, created_at

-- notice_unpublished --
-- Messages of some lanes that wait to be published, in the order recorded of each object.
SELECT {columns_of_notice}
FROM outbox
WHERE published_at IS NULL AND lane = ANY($1::smallint[])
ORDER BY seq
LIMIT $2

-- notice_mark_published --
-- Marks messages as published at $5, unless one of the $6 leases is no longer the latest of its name.
WITH held AS (
    SELECT lease.name
    FROM unnest($3::text[], $4::bigint[]) AS mine (name, token)
    JOIN job_leases AS lease ON lease.name = mine.name AND lease.token = mine.token
    WHERE lease.holder IS NOT NULL
    FOR SHARE OF lease
),

marked AS (
    UPDATE outbox
    SET published_at = $5
    FROM unnest($1::uuid[], $2::uuid[]) AS told (org_id, id)
    WHERE
        outbox.org_id = told.org_id
        AND outbox.id = told.id
        AND (SELECT count(*) FROM held) = $6
)

SELECT (SELECT count(*) FROM held) = $6

-- notice_publish_again --
-- Makes up to $2 messages unpublished that were published before $1 and that nobody was told of.
WITH lost AS (
    SELECT org_id, id
    FROM outbox
    WHERE published_at IS NOT NULL AND fanned_out_at IS NULL AND published_at < $1
    ORDER BY published_at
    LIMIT $2
    FOR NO KEY UPDATE SKIP LOCKED
),

again AS (
    UPDATE outbox
    SET published_at = NULL
    FROM lost
    WHERE outbox.org_id = lost.org_id AND outbox.id = lost.id
    RETURNING 1
)

SELECT count(*)
FROM again

-- notice_not_fanned_out --
-- Messages that nobody was told of yet, in the order recorded of each object.
SELECT {columns_of_notice}
FROM outbox
WHERE fanned_out_at IS NULL
ORDER BY seq
LIMIT $1

-- notice_backlog --
-- How many messages are not published, and when the oldest of them happened.
SELECT count(*), min(created_at)
FROM outbox
WHERE published_at IS NULL

-- notice_unfanned --
-- How many messages nobody was told of, and when the oldest of them happened.
SELECT count(*), min(created_at)
FROM outbox
WHERE fanned_out_at IS NULL

-- clause_spent --
-- Up to $2 messages that everybody was told of before $1, and that neither an inbox nor a dead letter waits for.
SELECT org_id, id
FROM outbox
WHERE
    fanned_out_at IS NOT NULL
    AND fanned_out_at < $1
    AND (
        SELECT count(*)
        FROM inbox
        WHERE inbox.org_id = outbox.org_id AND inbox.event_id = outbox.id
    ) = 0
    AND (
        SELECT count(*)
        FROM dead_letters
        WHERE
            dead_letters.org_id = outbox.org_id
            AND dead_letters.event_id = outbox.id
            AND dead_letters.replayed_at IS NULL
    ) = 0
ORDER BY fanned_out_at
LIMIT $2

-- notice_count_spent --
-- How many messages `notice_purge` would remove.
SELECT count(*)
FROM ({clause_spent}) AS spent

-- notice_purge --
-- Removes messages that nobody needs any more, and counts them.
WITH spent AS (
    {clause_spent}
    FOR UPDATE SKIP LOCKED
),

purged AS (
    DELETE FROM outbox
    USING spent
    WHERE outbox.org_id = spent.org_id AND outbox.id = spent.id
    RETURNING 1
)

SELECT count(*)
FROM purged
