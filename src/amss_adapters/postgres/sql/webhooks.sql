-- columns_of_webhook --
-- What a webhook is made from.
id, url, to_jsonb(events), description, ordered, secret, secret_hint, former_secret, former_secret_hint, former_until,
    active, disabled_at, disabled_reason, archived_at, created_at, updated_at, version

-- columns_of_health --
-- What tells how a webhook fares.
webhook_health.webhook_id, webhook_health.consecutive_failures, webhook_health.failing_since, webhook_health.open_until,
    webhook_health.opened, webhook_health.last_success_at

-- webhook_get --
-- One webhook.
SELECT {columns_of_webhook}
FROM webhooks
WHERE org_id = $1 AND id = $2

-- webhook_hold --
-- One webhook, held.
SELECT {columns_of_webhook}
FROM webhooks
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- webhook_page --
-- Webhooks after an id, those that are active or are not or both.
SELECT {columns_of_webhook}
FROM webhooks
WHERE org_id = $1 AND id > $2 AND archived_at IS NULL AND ($4::boolean IS NULL OR active = $4)
ORDER BY id
LIMIT $3

-- webhook_page_last_first --
-- Webhooks before an id, the last first, those that are active or are not or both.
SELECT {columns_of_webhook}
FROM webhooks
WHERE org_id = $1 AND id < $2 AND archived_at IS NULL AND ($4::boolean IS NULL OR active = $4)
ORDER BY id DESC
LIMIT $3

-- webhook_page_of_archived --
-- Archived webhooks after an id, those that were active or were not or both.
SELECT {columns_of_webhook}
FROM webhooks
WHERE org_id = $1 AND id > $2 AND archived_at IS NOT NULL AND ($4::boolean IS NULL OR active = $4)
ORDER BY id
LIMIT $3

-- webhook_page_of_archived_last_first --
-- Archived webhooks before an id, the last first, those that were active or were not or both.
SELECT {columns_of_webhook}
FROM webhooks
WHERE org_id = $1 AND id < $2 AND archived_at IS NOT NULL AND ($4::boolean IS NULL OR active = $4)
ORDER BY id DESC
LIMIT $3

-- webhook_count --
-- How many webhooks are not archived.
SELECT count(*)
FROM webhooks
WHERE org_id = $1 AND archived_at IS NULL

-- webhook_insert --
-- Adds a webhook, and with it the row that tells how it fares.
WITH added AS (
    INSERT INTO webhooks (
        org_id, id, created_at, url, events, description, ordered, secret, secret_hint, former_secret,
        former_secret_hint, former_until, active, disabled_at, disabled_reason, archived_at, updated_at, version
    )
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
    RETURNING org_id, id
)
INSERT INTO webhook_health (org_id, webhook_id)
SELECT
    added.org_id,
    added.id
FROM added

-- webhook_update --
-- Changes a webhook that still has the version $3; unless it is ordered, no delivery is held back for it.
WITH changed AS (
    UPDATE webhooks
    SET
        url = $4,
        events = $5,
        description = $6,
        ordered = $7,
        secret = $8,
        secret_hint = $9,
        former_secret = $10,
        former_secret_hint = $11,
        former_until = $12,
        active = $13,
        disabled_at = $14,
        disabled_reason = $15,
        archived_at = $16,
        updated_at = $17,
        version = $18
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
),

released AS (
    UPDATE webhook_deliveries
    SET held = false
    WHERE org_id = $1 AND webhook_id = $2 AND status = 'pending' AND held AND NOT $7
)

SELECT amss_expect_one((SELECT count(*) FROM changed))

-- health_of_webhooks --
-- How webhooks have fared.
SELECT {columns_of_health}
FROM webhook_health
WHERE org_id = $1 AND webhook_id = ANY ($2::uuid[])

-- health_clear --
-- Forgets the failures of a webhook, but sends it nothing before an instant.
UPDATE webhook_health
SET
    consecutive_failures = 0,
    failing_since = NULL,
    open_until = $3,
    opened = 0
WHERE org_id = $1 AND webhook_id = $2
