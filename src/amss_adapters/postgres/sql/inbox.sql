-- inbox_take --
-- Messages that wait for a follower, are not put off until after $4 and that nobody else holds, held from then on.
SELECT
    outbox.id,
    outbox.event_type,
    outbox.aggregate_id,
    outbox.version,
    outbox.payload,
    outbox.created_at
FROM inbox
JOIN outbox ON outbox.org_id = inbox.org_id AND outbox.id = inbox.event_id
WHERE
    inbox.org_id = $1
    AND inbox.follower = $2
    AND ($4::timestamptz IS NULL OR inbox.due_at IS NULL OR inbox.due_at <= $4)
ORDER BY inbox.seq
LIMIT $3
FOR UPDATE OF inbox SKIP LOCKED

-- inbox_put_off --
-- Counts a failure with a message, puts it off until $4, and returns word of it and how often it failed.
UPDATE inbox
SET
    tries = inbox.tries + 1,
    due_at = $4
FROM outbox
WHERE
    inbox.org_id = $1
    AND inbox.follower = $2
    AND inbox.event_id = $3
    AND outbox.org_id = inbox.org_id
    AND outbox.id = inbox.event_id
RETURNING
    outbox.org_id,
    outbox.id,
    outbox.event_type,
    outbox.aggregate_id,
    outbox.version,
    outbox.seq,
    outbox.created_at,
    inbox.tries

-- inbox_done --
-- Removes what a follower is done with.
DELETE FROM inbox
WHERE org_id = $1 AND follower = $2 AND event_id = ANY($3::uuid[])
