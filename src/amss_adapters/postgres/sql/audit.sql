-- columns_of_entry --
-- What an audit entry is made from.
id, actor_kind, actor_id, actor_name, resource_type, resource_id, action, version, changes, data, reason, request_id,
    address, created_at

-- entry_insert --
-- Appends an audit entry of the unit of work's own organization, which has to exist.
INSERT INTO audit_logs (
    org_id, id, user_id, actor_kind, actor_id, actor_name, resource_type, resource_id, action, version, changes, data,
    reason, request_id, address, created_at
)
VALUES (
    (SELECT id FROM organizations WHERE id = $1), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16
)

-- message_insert --
-- Puts a message into the outbox.
INSERT INTO outbox (org_id, id, event_type, aggregate_id, version, payload, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- entry_page --
-- Entries before an id, newest first, perhaps of one action.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    org_id = $1
    AND id < $2
    AND ($4::text IS NULL OR action = $4)
ORDER BY id DESC
LIMIT $3

-- entry_page_of_type --
-- Entries of one type of resource before an id, newest first, perhaps of one action.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    org_id = $1
    AND id < $2
    AND ($4::text IS NULL OR action = $4)
    AND resource_type = $5
ORDER BY id DESC
LIMIT $3

-- entry_page_of_resource --
-- Entries of one resource before an id, newest first, perhaps of one action or type.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    org_id = $1
    AND id < $2
    AND ($4::text IS NULL OR action = $4)
    AND ($5::text IS NULL OR resource_type = $5)
    AND resource_id = $6
ORDER BY id DESC
LIMIT $3

-- message_unpublished --
-- Messages that wait to be published, in the order recorded.
SELECT
    id,
    event_type,
    aggregate_id,
    version,
    payload,
    created_at
FROM outbox
WHERE org_id = $1 AND published_at IS NULL
ORDER BY seq
LIMIT $2
