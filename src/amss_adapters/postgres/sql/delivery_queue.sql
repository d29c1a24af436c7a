-- columns_of_health --
-- What tells how a webhook fares.
health.webhook_id, health.consecutive_failures, health.failing_since, health.open_until, health.opened,
    health.last_success_at

-- columns_of_delivery --
-- What a delivery is made from.
delivery.id, delivery.webhook_id, delivery.event_id, delivery.event_type, delivery.aggregate_id, delivery.version,
    delivery.seq, delivery.payload, delivery.occurred_at, delivery.status, delivery.attempts, delivery.next_attempt_at,
    delivery.last_attempt_at, delivery.response_status, delivery.response_body, delivery.created_at,
    delivery.finished_at

-- clause_waiting --
-- The webhooks for which anything waits, found by going from one that is sent to at all to the next for which there is
-- something in the index of what is due: neither who waits for nothing nor who is not sent to is gone through.
waiting AS (
    SELECT
        '00000000-0000-0000-0000-000000000000'::uuid AS org_id,
        '00000000-0000-0000-0000-000000000000'::uuid AS webhook_id
    UNION ALL
    SELECT
        following.org_id,
        following.webhook_id
    FROM waiting
    CROSS JOIN LATERAL (
        SELECT
            one.org_id,
            one.id
        FROM webhooks AS one
        WHERE
            one.active
            AND one.disabled_at IS NULL
            AND one.archived_at IS NULL
            AND (one.org_id, one.id) > (waiting.org_id, waiting.webhook_id)
        ORDER BY one.org_id, one.id
        LIMIT 1
    ) AS receiving
    CROSS JOIN LATERAL (
        SELECT
            one.org_id,
            one.webhook_id
        FROM webhook_deliveries AS one
        WHERE
            one.status = 'pending'
            AND NOT one.held
            AND (one.org_id, one.webhook_id) >= (receiving.org_id, receiving.id)
        ORDER BY one.org_id, one.webhook_id, one.next_attempt_at, one.seq
        LIMIT 1
    ) AS following
)

-- clause_busy --
-- How many deliveries of each organization are claimed at $1.
busy AS MATERIALIZED (
    SELECT
        org_id,
        count(*) AS away
    FROM webhook_claims
    WHERE claimed_until > $1
    GROUP BY org_id
)

-- delivery_take_turns --
-- Holds up to $3 webhooks that something may be sent to at $1, those first that had no turn for the longest, as turn $2:
-- fewer than $4 of the webhook and fewer than $5 of its organization are claimed; each row is looked up by its key or its
-- place, since the plan may be from when the queue was empty.
WITH RECURSIVE {clause_waiting},

{clause_busy},

with_due AS MATERIALIZED (
    SELECT
        waiting.org_id,
        waiting.webhook_id,
        (
            SELECT count(*)
            FROM webhook_claims AS away
            WHERE
                away.org_id = waiting.org_id
                AND away.webhook_id = waiting.webhook_id
                AND away.claimed_until > $1
        ) AS away
    FROM waiting
    WHERE
        (
            SELECT due.next_attempt_at
            FROM webhook_deliveries AS due
            WHERE
                due.org_id = waiting.org_id
                AND due.webhook_id = waiting.webhook_id
                AND due.status = 'pending'
                AND NOT due.held
                AND due.next_attempt_at <= $1
                AND (
                    SELECT count(*)
                    FROM webhook_claims AS claimed
                    WHERE
                        claimed.org_id = waiting.org_id
                        AND claimed.webhook_id = waiting.webhook_id
                        AND claimed.delivery_id = due.id
                        AND claimed.claimed_until > $1
                ) = 0
            ORDER BY due.next_attempt_at, due.seq
            LIMIT 1
        ) IS NOT NULL
),

candidates AS MATERIALIZED (
    SELECT
        with_due.webhook_id,
        health.place,
        health.had_turn_at
    FROM with_due
    CROSS JOIN LATERAL (
        SELECT
            one.ctid AS place,
            one.had_turn_at,
            one.open_until
        FROM webhook_health AS one
        WHERE one.org_id = with_due.org_id AND one.webhook_id = with_due.webhook_id
        LIMIT 1
    ) AS health
    CROSS JOIN LATERAL (
        SELECT one.id
        FROM webhooks AS one
        WHERE
            one.org_id = with_due.org_id
            AND one.id = with_due.webhook_id
            AND one.active
            AND one.disabled_at IS NULL
            AND one.archived_at IS NULL
        LIMIT 1
    ) AS receiving
    LEFT JOIN busy ON busy.org_id = with_due.org_id
    WHERE
        (health.open_until IS NULL OR health.open_until <= $1)
        AND with_due.away < CASE WHEN health.open_until IS NULL THEN $4::bigint ELSE 1 END
        AND coalesce(busy.away, 0) < $5::bigint
),

ready AS MATERIALIZED (
    SELECT health.ctid AS place
    FROM candidates
    JOIN webhook_health AS health ON health.ctid = candidates.place
    ORDER BY candidates.had_turn_at, candidates.webhook_id
    LIMIT $3
    FOR NO KEY UPDATE OF health SKIP LOCKED
)

UPDATE webhook_health
SET
    had_turn_at = clock_timestamp(),
    turn = $2
WHERE webhook_health.ctid = ANY (ARRAY(SELECT ready.place FROM ready))

-- delivery_claim --
-- Claims up to $3 deliveries due at $1 until $6, at most $4 of each of the webhooks held as turn $2 and $5 of each
-- organization, and counts those that it came across and that are behind others of their object; there is one row at
-- least, and, since the plan may be from when the queue was empty, each row is looked up by its key or its place, and
-- no join may read all of a table.
WITH RECURSIVE {clause_waiting},

{clause_busy},

turns AS MATERIALIZED (
    SELECT
        webhooks.org_id,
        webhooks.id AS webhook_id,
        webhooks.ordered,
        away.count AS away,
        CASE WHEN health.open_until IS NULL THEN $4::bigint ELSE least(1, $4::bigint) END - away.count AS room
    FROM waiting
    CROSS JOIN LATERAL (
        SELECT
            one.turn,
            one.open_until
        FROM webhook_health AS one
        WHERE one.org_id = waiting.org_id AND one.webhook_id = waiting.webhook_id
        LIMIT 1
    ) AS health
    CROSS JOIN LATERAL (
        SELECT
            one.org_id,
            one.id,
            one.ordered
        FROM webhooks AS one
        WHERE
            one.org_id = waiting.org_id
            AND one.id = waiting.webhook_id
            AND one.active
            AND one.disabled_at IS NULL
            AND one.archived_at IS NULL
        LIMIT 1
    ) AS webhooks
    CROSS JOIN LATERAL (
        SELECT count(*) AS count
        FROM webhook_claims AS claimed
        WHERE
            claimed.org_id = waiting.org_id
            AND claimed.webhook_id = waiting.webhook_id
            AND claimed.claimed_until > $1
    ) AS away
    WHERE health.turn = $2
),

seen AS MATERIALIZED (
    SELECT
        turns.org_id,
        turns.webhook_id,
        turns.away,
        turns.room,
        due.place,
        due.id,
        due.next_attempt_at,
        due.seq,
        turns.ordered AND coalesce(
            (
                SELECT earlier.seq
                FROM webhook_deliveries AS earlier
                WHERE
                    earlier.org_id = turns.org_id
                    AND earlier.webhook_id = turns.webhook_id
                    AND earlier.aggregate_id = due.aggregate_id
                    AND earlier.status = 'pending'
                ORDER BY earlier.seq
                LIMIT 1
            ) < due.seq,
            false
        ) AS is_behind,
        turns.ordered AND coalesce(
            (
                SELECT message.seq
                FROM outbox AS message
                WHERE
                    message.org_id = turns.org_id
                    AND message.aggregate_id = due.aggregate_id
                    AND message.fanned_out_at IS NULL
                ORDER BY message.seq
                LIMIT 1
            ) < due.seq,
            false
        ) AS is_early
    FROM turns
    CROSS JOIN LATERAL (
        SELECT
            one.ctid AS place,
            one.id,
            one.next_attempt_at,
            one.seq,
            one.aggregate_id
        FROM webhook_deliveries AS one
        WHERE
            one.org_id = turns.org_id
            AND one.webhook_id = turns.webhook_id
            AND one.status = 'pending'
            AND NOT one.held
            AND one.next_attempt_at <= $1
            AND (
                SELECT count(*)
                FROM webhook_claims AS claimed
                WHERE
                    claimed.org_id = turns.org_id
                    AND claimed.webhook_id = turns.webhook_id
                    AND claimed.delivery_id = one.id
                    AND claimed.claimed_until > $1
            ) = 0
        ORDER BY one.next_attempt_at, one.seq
        LIMIT CASE WHEN turns.room <= 0 THEN 0 WHEN turns.ordered THEN turns.room + 20 ELSE turns.room END
    ) AS due
),

free AS (
    SELECT
        seen.org_id,
        seen.webhook_id,
        seen.id,
        seen.next_attempt_at,
        seen.room,
        row_number() OVER (
            PARTITION BY seen.org_id, seen.webhook_id ORDER BY seen.next_attempt_at, seen.seq
        ) AS place,
        seen.away
    FROM seen
    WHERE NOT seen.is_behind AND NOT seen.is_early
),

in_turn AS (
    SELECT
        free.org_id,
        free.webhook_id,
        free.id,
        free.away + free.place AS turn,
        free.next_attempt_at,
        row_number() OVER (
            PARTITION BY free.org_id ORDER BY free.away + free.place, free.next_attempt_at, free.id
        ) AS place
    FROM free
    WHERE free.place <= free.room
),

chosen AS MATERIALIZED (
    SELECT
        in_turn.org_id,
        in_turn.webhook_id,
        in_turn.id,
        in_turn.turn,
        in_turn.next_attempt_at
    FROM in_turn
    LEFT JOIN busy ON busy.org_id = in_turn.org_id
    WHERE in_turn.place <= $5::bigint - coalesce(busy.away, 0)
    ORDER BY in_turn.turn, in_turn.next_attempt_at, in_turn.id
    LIMIT $3
),

held AS (
    UPDATE webhook_deliveries
    SET held = true
    WHERE webhook_deliveries.ctid = ANY (ARRAY(SELECT seen.place FROM seen WHERE seen.is_behind))
),

claimed AS (
    INSERT INTO webhook_claims AS claimed (org_id, webhook_id, delivery_id, claim, claimed_until)
    SELECT
        chosen.org_id,
        chosen.webhook_id,
        chosen.id,
        $2,
        $6
    FROM chosen
    ON CONFLICT (org_id, webhook_id, delivery_id) DO UPDATE
    SET
        claim = excluded.claim,
        claimed_until = excluded.claimed_until
)

SELECT
    (SELECT count(*) FROM seen WHERE seen.is_behind),
    chosen.org_id,
    webhooks.url,
    webhooks.ordered,
    webhooks.secret,
    webhooks.secret_hint,
    CASE WHEN webhooks.former_until > $1 THEN webhooks.former_secret END,
    webhooks.former_secret_hint,
    policy.webhook_attempts,
    {columns_of_delivery}
FROM (SELECT count(*) FROM seen) AS anything
LEFT JOIN chosen ON true
LEFT JOIN LATERAL (
    SELECT {columns_of_delivery}
    FROM webhook_deliveries AS delivery
    WHERE delivery.org_id = chosen.org_id AND delivery.id = chosen.id
    LIMIT 1
) AS delivery ON true
LEFT JOIN LATERAL (
    SELECT
        one.url,
        one.ordered,
        one.secret,
        one.secret_hint,
        one.former_secret,
        one.former_until,
        one.former_secret_hint
    FROM webhooks AS one
    WHERE one.org_id = chosen.org_id AND one.id = chosen.webhook_id
    LIMIT 1
) AS webhooks ON true
LEFT JOIN amss_webhook_attempts(ARRAY(SELECT DISTINCT chosen.org_id FROM chosen)) AS policy
    ON policy.org_id = chosen.org_id
ORDER BY chosen.turn, chosen.next_attempt_at, chosen.id

-- delivery_hold_health --
-- How some webhooks fare, held in the order of their ids.
SELECT
    health.org_id,
    {columns_of_health}
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (org_id, webhook_id)
JOIN webhook_health AS health ON health.org_id = wanted.org_id AND health.webhook_id = wanted.webhook_id
ORDER BY health.org_id, health.webhook_id
FOR NO KEY UPDATE OF health

-- delivery_settle --
-- Keeps outcomes whose claims nobody has taken over, lets go what was held back behind them, and names them.
WITH outcome AS MATERIALIZED (
    SELECT
        one.org_id,
        one.webhook_id,
        one.delivery_id,
        one.claim,
        one.state,
        one.next_attempt_at,
        one.number,
        one.at,
        one.ended_at,
        one.duration_ms,
        one.status,
        one.error,
        one.response_body,
        one.retry_after_s
    FROM jsonb_to_recordset($1::jsonb) AS one (
        org_id uuid,
        webhook_id uuid,
        delivery_id uuid,
        claim uuid,
        state text,
        next_attempt_at timestamptz,
        number bigint,
        at timestamptz,
        ended_at timestamptz,
        duration_ms bigint,
        status bigint,
        error text,
        response_body text,
        retry_after_s double precision
    )
),

taken AS (
    DELETE FROM webhook_claims
    USING outcome
    WHERE
        webhook_claims.org_id = outcome.org_id
        AND webhook_claims.webhook_id = outcome.webhook_id
        AND webhook_claims.delivery_id = outcome.delivery_id
        AND webhook_claims.claim = outcome.claim
    RETURNING webhook_claims.org_id, webhook_claims.delivery_id
),

settled AS (
    UPDATE webhook_deliveries AS delivery
    SET
        status = outcome.state,
        attempts = delivery.attempts + 1,
        next_attempt_at = outcome.next_attempt_at,
        last_attempt_at = outcome.at,
        response_status = outcome.status,
        response_body = outcome.response_body,
        finished_at = CASE WHEN outcome.state <> 'pending' THEN outcome.ended_at END,
        held = false
    FROM taken
    JOIN outcome ON outcome.org_id = taken.org_id AND outcome.delivery_id = taken.delivery_id
    WHERE delivery.org_id = taken.org_id AND delivery.id = taken.delivery_id
    RETURNING delivery.org_id, delivery.id, delivery.webhook_id, delivery.aggregate_id, delivery.status
),

kept AS (
    INSERT INTO webhook_attempts (
        org_id, delivery_id, number, at, duration_ms, status, error, response_body, retry_after_s
    )
    SELECT
        outcome.org_id,
        outcome.delivery_id,
        outcome.number,
        outcome.at,
        outcome.duration_ms,
        outcome.status,
        outcome.error,
        outcome.response_body,
        outcome.retry_after_s
    FROM taken
    JOIN outcome ON outcome.org_id = taken.org_id AND outcome.delivery_id = taken.delivery_id
),

behind AS (
    SELECT DISTINCT
        first.org_id,
        first.id
    FROM settled
    CROSS JOIN LATERAL (
        SELECT
            one.org_id,
            one.id
        FROM webhook_deliveries AS one
        WHERE
            one.org_id = settled.org_id
            AND one.webhook_id = settled.webhook_id
            AND one.aggregate_id = settled.aggregate_id
            AND one.status = 'pending'
            AND one.held
            AND one.id <> ALL (ARRAY(SELECT taken.delivery_id FROM taken))
        ORDER BY one.seq
        LIMIT 1
    ) AS first
    WHERE settled.status <> 'pending'
),

released AS (
    -- Not joined, so that the index is asked for these alone, also by a plan made when there was hardly anything.
    UPDATE webhook_deliveries
    SET held = false
    WHERE
        org_id = ANY (ARRAY(SELECT behind.org_id FROM behind))
        AND id = ANY (ARRAY(SELECT behind.id FROM behind))
)

SELECT delivery_id
FROM taken

-- delivery_keep_health --
-- Keeps how webhooks fare.
UPDATE webhook_health
SET
    consecutive_failures = health.consecutive_failures,
    failing_since = health.failing_since,
    open_until = health.open_until,
    opened = health.opened,
    last_success_at = health.last_success_at
FROM jsonb_to_recordset($1::jsonb) AS health (
    org_id uuid,
    webhook_id uuid,
    consecutive_failures bigint,
    failing_since timestamptz,
    open_until timestamptz,
    opened bigint,
    last_success_at timestamptz
)
WHERE webhook_health.org_id = health.org_id AND webhook_health.webhook_id = health.webhook_id

-- delivery_hand_back --
-- Ends claims that nobody has taken over.
DELETE FROM webhook_claims
USING unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[]) AS claimed (org_id, webhook_id, delivery_id, claim)
WHERE
    webhook_claims.org_id = claimed.org_id
    AND webhook_claims.webhook_id = claimed.webhook_id
    AND webhook_claims.delivery_id = claimed.delivery_id
    AND webhook_claims.claim = claimed.claim

-- delivery_next_at --
-- When the next delivery after an instant is due, of webhooks that are sent to.
SELECT delivery.next_attempt_at
FROM webhook_deliveries AS delivery
WHERE
    delivery.status = 'pending'
    AND delivery.next_attempt_at > $1
    AND (
        SELECT webhooks.active AND webhooks.disabled_at IS NULL AND webhooks.archived_at IS NULL
        FROM webhooks
        WHERE webhooks.org_id = delivery.org_id AND webhooks.id = delivery.webhook_id
    )
ORDER BY delivery.next_attempt_at
LIMIT 1

-- delivery_backlog --
-- How many deliveries are due at an instant, and since when the first of them, of webhooks that are sent to.
SELECT
    count(*),
    min(delivery.next_attempt_at)
FROM webhook_deliveries AS delivery
JOIN webhooks ON webhooks.org_id = delivery.org_id AND webhooks.id = delivery.webhook_id
WHERE
    delivery.status = 'pending'
    AND delivery.next_attempt_at <= $1
    AND webhooks.active
    AND webhooks.disabled_at IS NULL
    AND webhooks.archived_at IS NULL

-- clause_with_pending --
-- The webhooks with anything pending, found by going from one to the next in an index.
with_pending AS (
    (
        SELECT
            org_id,
            webhook_id
        FROM webhook_deliveries
        WHERE status = 'pending'
        ORDER BY org_id, webhook_id, aggregate_id, seq
        LIMIT 1
    )
    UNION ALL
    SELECT
        following.org_id,
        following.webhook_id
    FROM with_pending
    CROSS JOIN LATERAL (
        SELECT
            one.org_id,
            one.webhook_id
        FROM webhook_deliveries AS one
        WHERE one.status = 'pending' AND (one.org_id, one.webhook_id) > (with_pending.org_id, with_pending.webhook_id)
        ORDER BY one.org_id, one.webhook_id, one.aggregate_id, one.seq
        LIMIT 1
    ) AS following
)

-- delivery_give_up --
-- Finishes at $1, as failed, up to $3 pending deliveries that nobody sends: all those of archived webhooks, and of those
-- that are paused or disabled what was due before $2; lets go what was held back behind them, and counts them.
WITH RECURSIVE {clause_with_pending},

unwanted AS (
    (
        SELECT
            one.org_id,
            one.id
        FROM with_pending
        JOIN webhooks ON webhooks.org_id = with_pending.org_id AND webhooks.id = with_pending.webhook_id
        CROSS JOIN LATERAL (
            SELECT
                delivery.org_id,
                delivery.id
            FROM webhook_deliveries AS delivery
            WHERE
                delivery.org_id = with_pending.org_id
                AND delivery.webhook_id = with_pending.webhook_id
                AND delivery.status = 'pending'
            ORDER BY delivery.aggregate_id, delivery.seq
            LIMIT $3
        ) AS one
        WHERE webhooks.archived_at IS NOT NULL
        LIMIT $3
    )
    UNION
    (
        SELECT
            delivery.org_id,
            delivery.id
        FROM webhook_deliveries AS delivery
        WHERE
            delivery.status = 'pending'
            AND delivery.next_attempt_at < $2
            AND (
                SELECT NOT webhooks.active OR webhooks.disabled_at IS NOT NULL
                FROM webhooks
                WHERE webhooks.org_id = delivery.org_id AND webhooks.id = delivery.webhook_id
            )
        ORDER BY delivery.next_attempt_at
        LIMIT $3
    )
),

taken AS (
    SELECT
        delivery.org_id,
        delivery.id
    FROM unwanted
    JOIN webhook_deliveries AS delivery ON delivery.org_id = unwanted.org_id AND delivery.id = unwanted.id
    WHERE delivery.status = 'pending'
    LIMIT $3
    FOR NO KEY UPDATE OF delivery SKIP LOCKED
),

given_up AS (
    UPDATE webhook_deliveries AS delivery
    SET
        status = 'failed',
        next_attempt_at = NULL,
        finished_at = $1,
        held = false
    FROM taken
    WHERE delivery.org_id = taken.org_id AND delivery.id = taken.id
    RETURNING delivery.org_id, delivery.webhook_id, delivery.aggregate_id
),

behind AS (
    SELECT DISTINCT
        first.org_id,
        first.id
    FROM (SELECT DISTINCT given_up.org_id, given_up.webhook_id, given_up.aggregate_id FROM given_up) AS object
    CROSS JOIN LATERAL (
        SELECT
            one.org_id,
            one.id
        FROM webhook_deliveries AS one
        WHERE
            one.org_id = object.org_id
            AND one.webhook_id = object.webhook_id
            AND one.aggregate_id = object.aggregate_id
            AND one.status = 'pending'
            AND one.held
            AND one.id <> ALL (ARRAY(SELECT taken.id FROM taken))
        ORDER BY one.seq
        LIMIT 1
    ) AS first
),

released AS (
    UPDATE webhook_deliveries AS delivery
    SET held = false
    FROM behind
    WHERE delivery.org_id = behind.org_id AND delivery.id = behind.id
)

SELECT count(*)
FROM given_up

-- clause_old --
-- Up to $2 deliveries that were finished before $1.
SELECT
    org_id,
    id
FROM webhook_deliveries
WHERE status <> 'pending' AND finished_at < $1
ORDER BY finished_at
LIMIT $2

-- delivery_count_old --
-- How many deliveries `delivery_purge` would remove.
SELECT count(*)
FROM ({clause_old}) AS old

-- delivery_purge --
-- Removes finished deliveries with the attempts at them, and counts them.
WITH old AS (
    {clause_old}
    FOR UPDATE SKIP LOCKED
),

tried AS (
    DELETE FROM webhook_attempts
    USING old
    WHERE webhook_attempts.org_id = old.org_id AND webhook_attempts.delivery_id = old.id
),

purged AS (
    DELETE FROM webhook_deliveries
    USING old
    WHERE webhook_deliveries.org_id = old.org_id AND webhook_deliveries.id = old.id
    RETURNING 1
)

SELECT count(*)
FROM purged
