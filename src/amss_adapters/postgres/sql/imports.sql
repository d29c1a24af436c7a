-- columns_of_import --
-- What an import is made from.
imports.id, imports.kind, imports.dry_run, imports.file_name, imports.storage_key, imports.bytes_total,
    imports.requested_by, imports.status, imports.attempt, imports.columns, imports.last_row, imports.bytes_done,
    imports.created, imports.updated, imports.unchanged, imports.rejected, imports.warned, imports.reasons,
    imports.started_at, imports.finished_at, imports.created_at, imports.updated_at, imports.version

-- import_get --
-- One import.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND id = $2

-- import_hold --
-- One import, held.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- import_hold_claimed --
-- One import, held, if $3 is the token of the latest claim on it.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND id = $2 AND claim_token = $3
FOR NO KEY UPDATE

-- import_page --
-- Imports after an id.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND id > $2
ORDER BY id
LIMIT $3

-- import_page_last_first --
-- Imports before an id, the last first.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND id < $2
ORDER BY id DESC
LIMIT $3

-- import_page_of_kind --
-- Imports of a kind after an id.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND kind = $4 AND id > $2
ORDER BY id
LIMIT $3

-- import_page_of_kind_last_first --
-- Imports of a kind before an id, the last first.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND kind = $4 AND id < $2
ORDER BY id DESC
LIMIT $3

-- import_page_in_status --
-- Imports in a status after an id.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND status = $4 AND id > $2
ORDER BY id
LIMIT $3

-- import_page_in_status_last_first --
-- Imports in a status before an id, the last first.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND status = $4 AND id < $2
ORDER BY id DESC
LIMIT $3

-- import_page_of_kind_in_status --
-- Imports of a kind in a status after an id.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND kind = $4 AND status = $5 AND id > $2
ORDER BY id
LIMIT $3

-- import_page_of_kind_in_status_last_first --
-- Imports of a kind in a status before an id, the last first.
SELECT {columns_of_import}
FROM imports
WHERE org_id = $1 AND kind = $4 AND status = $5 AND id < $2
ORDER BY id DESC
LIMIT $3

-- import_insert --
-- Adds an import, which nobody has claimed.
INSERT INTO imports (
    org_id, id, created_at, kind, dry_run, file_name, storage_key, bytes_total, requested_by, status, attempt, columns,
    last_row, bytes_done, created, updated, unchanged, rejected, warned, reasons, started_at, finished_at, updated_at,
    version
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24
)

-- import_update --
-- Changes an import that still has the version $3; who claimed it stays.
WITH changed AS (
    UPDATE imports
    SET
        kind = $4,
        dry_run = $5,
        file_name = $6,
        storage_key = $7,
        bytes_total = $8,
        requested_by = $9,
        status = $10,
        attempt = $11,
        columns = $12,
        last_row = $13,
        bytes_done = $14,
        created = $15,
        updated = $16,
        unchanged = $17,
        rejected = $18,
        warned = $19,
        reasons = $20,
        started_at = $21,
        finished_at = $22,
        updated_at = $23,
        version = $24
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))

-- import_prolong --
-- Makes a claim that is held last until $3.
UPDATE imports
SET claimed_until = $3
WHERE org_id = $1 AND id = $2

-- import_prolong_further --
-- Makes a claim that is held last until $3, and its tries and pauses begin anew.
UPDATE imports
SET claimed_until = $3, claim_tries = 0, claim_pauses = 0
WHERE org_id = $1 AND id = $2

-- import_count_unfinished --
-- How many imports of the organization are not finished.
SELECT count(*)
FROM imports
WHERE org_id = $1 AND status IN ('queued', 'running')

-- import_rows_insert --
-- Adds what became of rows, as runs.
INSERT INTO import_rows (
    org_id, import_id, attempt, first_number, last_number, effect, warned, cells, reasons
)
SELECT $1, $2, $3, runs.first_number, runs.last_number, runs.effect, runs.warned, runs.cells, runs.reasons
FROM unnest($4::bigint[], $5::bigint[], $6::text[], $7::boolean[], $8::jsonb[], $9::jsonb[])
    AS runs (first_number, last_number, effect, warned, cells, reasons)

-- import_rows_page --
-- What became of the rows after a number.
SELECT first_number, last_number, effect, cells, reasons
FROM import_rows
WHERE org_id = $1 AND import_id = $2 AND attempt = $3 AND last_number > $4
ORDER BY last_number
LIMIT $5

-- import_rows_page_of_effect --
-- Rows of an effect after a number.
SELECT first_number, last_number, effect, cells, reasons
FROM import_rows
WHERE org_id = $1 AND import_id = $2 AND attempt = $3 AND effect = $6 AND last_number > $4
ORDER BY last_number
LIMIT $5

-- import_rows_page_warned --
-- Rows that were taken with a warning after a number.
SELECT first_number, last_number, effect, cells, reasons
FROM import_rows
WHERE org_id = $1 AND import_id = $2 AND attempt = $3 AND warned AND last_number > $4
ORDER BY last_number
LIMIT $5

-- import_rows_page_warned_of_effect --
-- Rows of an effect that were taken with a warning after a number.
SELECT first_number, last_number, effect, cells, reasons
FROM import_rows
WHERE org_id = $1 AND import_id = $2 AND attempt = $3 AND warned AND effect = $6 AND last_number > $4
ORDER BY last_number
LIMIT $5
