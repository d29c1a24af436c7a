-- clause_first --
-- The organizations with something for a follower that is not put off until after $2, and the first of it, each found
-- by one look into the index.
(
        SELECT
            org_id,
            seq,
            event_id
        FROM inbox
        WHERE follower = $1 AND ($2::timestamptz IS NULL OR due_at IS NULL OR due_at <= $2)
        ORDER BY org_id, seq
        LIMIT 1
    )
    UNION ALL
    SELECT
        following.org_id,
        following.seq,
        following.event_id
    FROM first
    CROSS JOIN LATERAL (
        SELECT
            inbox.org_id,
            inbox.seq,
            inbox.event_id
        FROM inbox
        WHERE
            inbox.follower = $1
            AND inbox.org_id > first.org_id
            AND ($2::timestamptz IS NULL OR inbox.due_at IS NULL OR inbox.due_at <= $2)
        ORDER BY inbox.org_id, inbox.seq
        LIMIT 1
    ) AS following

-- inbox_waiting --
-- Organizations in whose inbox something waits for a follower, longest waiting first.
WITH RECURSIVE first AS (
    {clause_first}
)

SELECT org_id
FROM first
WHERE org_id <> ALL($3::uuid[])
ORDER BY seq
LIMIT $4

-- inbox_backlog --
-- How many messages wait for a follower, and when the first of them happened.
WITH RECURSIVE first AS (
    {clause_first}
)

SELECT
    (
        SELECT count(*)
        FROM inbox
        WHERE follower = $1
    ),
    (
        SELECT outbox.created_at
        FROM outbox
        WHERE (outbox.org_id, outbox.id) = (
            SELECT org_id, event_id
            FROM first
            ORDER BY seq
            LIMIT 1
        )
    )
