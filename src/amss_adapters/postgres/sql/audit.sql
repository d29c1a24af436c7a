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

-- clause_of_entries --
-- What holds for entries of a time and a filter; which of them is an index's own, each statement says.
org_id = $1
    AND created_at >= $5
    AND created_at < $6
    AND ($7::text IS NULL OR resource_type = $7)
    AND ($8::uuid IS NULL OR resource_id = $8)
    AND ($9::text IS NULL OR action = $9)
    AND ($10::text IS NULL OR actor_id = $10)
    AND ($11::text IS NULL OR request_id = $11)

-- clause_place --
-- Where a page starts: at an instant and id, or at an entry, nowhere when there is none of that id.
((SELECT coalesce($2::timestamptz, (SELECT created_at FROM audit_logs WHERE org_id = $1 AND id = $3))), $3::uuid)

-- entry_newest --
-- Entries that match, the newest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) < {clause_place}
ORDER BY created_at DESC, id DESC
LIMIT $4

-- entry_newest_of_type --
-- Entries of one type of resource that match, the newest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) < {clause_place}
    AND resource_type = $7
ORDER BY created_at DESC, id DESC
LIMIT $4

-- entry_newest_of_resource --
-- Entries of one resource that match, the newest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) < {clause_place}
    AND resource_id = $8
ORDER BY created_at DESC, id DESC
LIMIT $4

-- entry_newest_of_action --
-- Entries of one action that match, the newest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) < {clause_place}
    AND action = $9
ORDER BY created_at DESC, id DESC
LIMIT $4

-- entry_newest_of_actor --
-- Entries of one actor that match, the newest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) < {clause_place}
    AND actor_id = $10
ORDER BY created_at DESC, id DESC
LIMIT $4

-- entry_newest_of_request --
-- Entries of one request that match, the newest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) < {clause_place}
    AND request_id = $11
ORDER BY created_at DESC, id DESC
LIMIT $4

-- entry_oldest --
-- Entries that match, the oldest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) > {clause_place}
ORDER BY created_at, id
LIMIT $4

-- entry_oldest_of_type --
-- Entries of one type of resource that match, the oldest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) > {clause_place}
    AND resource_type = $7
ORDER BY created_at, id
LIMIT $4

-- entry_oldest_of_resource --
-- Entries of one resource that match, the oldest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) > {clause_place}
    AND resource_id = $8
ORDER BY created_at, id
LIMIT $4

-- entry_oldest_of_action --
-- Entries of one action that match, the oldest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) > {clause_place}
    AND action = $9
ORDER BY created_at, id
LIMIT $4

-- entry_oldest_of_actor --
-- Entries of one actor that match, the oldest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) > {clause_place}
    AND actor_id = $10
ORDER BY created_at, id
LIMIT $4

-- entry_oldest_of_request --
-- Entries of one request that match, the oldest first.
SELECT {columns_of_entry}
FROM audit_logs
WHERE
    {clause_of_entries}
    AND (created_at, id) > {clause_place}
    AND request_id = $11
ORDER BY created_at, id
LIMIT $4

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
