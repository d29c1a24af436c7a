-- message_tell --
-- Puts messages before all who follow them, unless that was done before, and counts them.
WITH wanted AS (
    SELECT
        message.org_id,
        message.id
    FROM unnest($1::uuid[], $2::uuid[]) AS notice (org_id, id)
    JOIN outbox AS message ON message.org_id = notice.org_id AND message.id = notice.id
    WHERE message.fanned_out_at IS NULL
    ORDER BY message.org_id, message.id
    FOR NO KEY UPDATE OF message
),

told AS (
    UPDATE outbox
    SET fanned_out_at = $3
    FROM wanted
    WHERE outbox.org_id = wanted.org_id AND outbox.id = wanted.id AND outbox.fanned_out_at IS NULL
    RETURNING
        outbox.org_id,
        outbox.id,
        outbox.event_type,
        outbox.aggregate_id,
        outbox.version,
        outbox.seq,
        outbox.payload,
        outbox.created_at
),

delivered AS (
    INSERT INTO webhook_deliveries (
        org_id, id, webhook_id, event_id, event_type, aggregate_id, version, seq, payload, occurred_at, status,
        attempts, next_attempt_at, created_at
    )
    SELECT
        told.org_id,
        amss_delivery_id($3, row_number() OVER (ORDER BY told.seq, webhooks.id)),
        webhooks.id,
        told.id,
        told.event_type,
        told.aggregate_id,
        told.version,
        told.seq,
        told.payload,
        told.created_at,
        'pending',
        0,
        $3,
        $3
    FROM told
    JOIN webhooks
        ON
            webhooks.org_id = told.org_id
            AND webhooks.archived_at IS NULL
            AND webhooks.disabled_at IS NULL
            AND webhooks.created_at <= told.created_at
            AND webhooks.events && ARRAY[$6, told.event_type]
    ON CONFLICT (org_id, webhook_id, event_id) DO NOTHING
),

followed AS (
    INSERT INTO inbox (org_id, event_id, follower, seq, created_at)
    SELECT
        told.org_id,
        told.id,
        wants.follower,
        told.seq,
        $3
    FROM told
    JOIN unnest($4::text[], $5::text[]) AS wants (follower, event_type) ON wants.event_type = told.event_type
    ON CONFLICT (org_id, event_id, follower) DO NOTHING
)

SELECT count(*)
FROM told
