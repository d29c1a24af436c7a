-- columns_of_alert --
-- What an alert is made from.
id, kind, severity, subject_type, subject_id, title, details, status, acknowledged_at, acknowledged_by,
    acknowledged_note, escalated_at, resolved_at, resolved_by, resolved_note, created_at, updated_at, version

-- alert_get --
-- One alert.
SELECT {columns_of_alert}
FROM alerts
WHERE org_id = $1 AND id = $2

-- alert_hold --
-- One alert, held.
SELECT {columns_of_alert}
FROM alerts
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- alert_page --
-- Alerts after an id.
SELECT {columns_of_alert}
FROM alerts
WHERE org_id = $1 AND id > $2
ORDER BY id
LIMIT $3

-- alert_page_last_first --
-- Alerts before an id, the last first.
SELECT {columns_of_alert}
FROM alerts
WHERE org_id = $1 AND id < $2
ORDER BY id DESC
LIMIT $3

-- alert_page_of_kind --
-- Alerts of a kind after an id, perhaps of one status or severity.
SELECT {columns_of_alert}
FROM alerts
WHERE
    org_id = $1
    AND kind = $4
    AND ($5::text IS NULL OR status = $5)
    AND ($6::text IS NULL OR severity = $6)
    AND id > $2
ORDER BY id
LIMIT $3

-- alert_page_of_kind_last_first --
-- Alerts of a kind before an id, the last first, perhaps of one status or severity.
SELECT {columns_of_alert}
FROM alerts
WHERE
    org_id = $1
    AND kind = $4
    AND ($5::text IS NULL OR status = $5)
    AND ($6::text IS NULL OR severity = $6)
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- alert_page_of_status --
-- Alerts in a status after an id, perhaps of one severity.
SELECT {columns_of_alert}
FROM alerts
WHERE org_id = $1 AND status = $4 AND ($5::text IS NULL OR severity = $5) AND id > $2
ORDER BY id
LIMIT $3

-- alert_page_of_status_last_first --
-- Alerts in a status before an id, the last first, perhaps of one severity.
SELECT {columns_of_alert}
FROM alerts
WHERE org_id = $1 AND status = $4 AND ($5::text IS NULL OR severity = $5) AND id < $2
ORDER BY id DESC
LIMIT $3

-- alert_page_of_severity --
-- Alerts of a severity after an id.
SELECT {columns_of_alert}
FROM alerts
WHERE org_id = $1 AND severity = $4 AND id > $2
ORDER BY id
LIMIT $3

-- alert_page_of_severity_last_first --
-- Alerts of a severity before an id, the last first.
SELECT {columns_of_alert}
FROM alerts
WHERE org_id = $1 AND severity = $4 AND id < $2
ORDER BY id DESC
LIMIT $3

-- alert_hold_unresolved --
-- The unresolved alerts about some subjects, held.
SELECT {columns_of_alert}
FROM alerts
WHERE org_id = $1 AND subject_id = ANY ($2::uuid[]) AND status <> 'resolved'
ORDER BY id
FOR NO KEY UPDATE

-- alert_raised_for --
-- Those of some subjects about which an alert of a kind was ever raised.
SELECT DISTINCT subject_id
FROM alerts
WHERE org_id = $1 AND subject_id = ANY ($2::uuid[]) AND kind = $3

-- alert_hold_unattended --
-- The open alerts that were raised too long ago, the oldest first, held.
SELECT {columns_of_alert}
FROM alerts
WHERE
    org_id = $1
    AND status = 'open'
    AND escalated_at IS NULL
    AND severity <> 'info'
    AND created_at < greatest($2, $3::timestamptz)
    AND created_at < CASE kind WHEN 'overdue' THEN $3::timestamptz ELSE $2::timestamptz END
ORDER BY created_at, id
LIMIT $4
FOR NO KEY UPDATE

-- alert_insert --
-- Adds an alert.
INSERT INTO alerts (
    org_id, id, created_at, kind, severity, subject_type, subject_id, title, details, status, acknowledged_at,
    acknowledged_by, acknowledged_note, escalated_at, resolved_at, resolved_by, resolved_note, updated_at, version
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)

-- alert_update --
-- Changes an alert that still has the version $3.
WITH changed AS (
    UPDATE alerts
    SET
        kind = $4,
        severity = $5,
        subject_type = $6,
        subject_id = $7,
        title = $8,
        details = $9,
        status = $10,
        acknowledged_at = $11,
        acknowledged_by = $12,
        acknowledged_note = $13,
        escalated_at = $14,
        resolved_at = $15,
        resolved_by = $16,
        resolved_note = $17,
        updated_at = $18,
        version = $19
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
