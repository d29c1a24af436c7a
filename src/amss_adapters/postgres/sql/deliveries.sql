-- columns_of_delivery --
-- What a delivery is made from.
id, webhook_id, event_id, event_type, aggregate_id, version, seq, payload, occurred_at, status, attempts,
    next_attempt_at, last_attempt_at, response_status, response_body, created_at, finished_at

-- delivery_get --
-- One delivery.
SELECT {columns_of_delivery}
FROM webhook_deliveries
WHERE org_id = $1 AND id = $2

-- delivery_insert --
-- Adds a delivery.
INSERT INTO webhook_deliveries (
    org_id, id, created_at, webhook_id, event_id, event_type, aggregate_id, version, seq, payload, occurred_at, status,
    attempts, next_attempt_at, last_attempt_at, response_status, response_body, finished_at
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)

-- delivery_send_again --
-- Makes a delivery pending and due at an instant; one that is pending already keeps its count, and an earlier time.
UPDATE webhook_deliveries
SET
    status = 'pending',
    attempts = CASE WHEN status = 'pending' THEN attempts ELSE 0 END,
    next_attempt_at = least(next_attempt_at, $3::timestamptz),
    finished_at = NULL
WHERE org_id = $1 AND id = $2
RETURNING {columns_of_delivery}

-- delivery_give_up_of_webhook --
-- Finishes at $3, as failed, up to $4 pending deliveries of a webhook, except what somebody holds.
WITH waiting AS (
    SELECT
        org_id,
        id
    FROM webhook_deliveries
    WHERE org_id = $1 AND webhook_id = $2 AND status = 'pending'
    ORDER BY aggregate_id, seq
    LIMIT $4
    FOR NO KEY UPDATE SKIP LOCKED
)

UPDATE webhook_deliveries AS delivery
SET
    status = 'failed',
    next_attempt_at = NULL,
    finished_at = $3,
    held = false
FROM waiting
WHERE delivery.org_id = waiting.org_id AND delivery.id = waiting.id

-- attempt_of_delivery --
-- The attempts at a delivery, the first one first.
SELECT
    number,
    at,
    duration_ms,
    status,
    error,
    response_body,
    retry_after_s
FROM webhook_attempts
WHERE org_id = $1 AND delivery_id = $2
ORDER BY position
