-- expired_purge --
-- Removes up to $3 records of the kind $1 whose clock started before $2, or counts them if $4.
SELECT amss_purge($1, $2, $3, $4)

-- clause_old_letters --
-- Up to $2 dead letters that were replayed before $1.
SELECT org_id, event_id, reader_group
FROM dead_letters
WHERE replayed_at IS NOT NULL AND replayed_at < $1
ORDER BY replayed_at
LIMIT $2

-- letters_count --
-- How many dead letters `letters_purge` would remove.
SELECT count(*)
FROM ({clause_old_letters}) AS old

-- letters_purge --
-- Removes dead letters that were replayed long ago, and counts them.
WITH old AS (
    {clause_old_letters}
    FOR UPDATE SKIP LOCKED
),

purged AS (
    DELETE FROM dead_letters AS letter
    USING old
    WHERE
        letter.org_id = old.org_id
        AND letter.event_id = old.event_id
        AND letter.reader_group = old.reader_group
    RETURNING 1
)

SELECT count(*)
FROM purged

-- clause_old_runs --
-- Up to $2 runs of workers that noted none since $1.
SELECT job, worker
FROM job_runs
WHERE
    worker IN (
        SELECT of_worker.worker
        FROM job_runs AS of_worker
        GROUP BY of_worker.worker
        HAVING max(of_worker.finished_at) < $1
    )
LIMIT $2

-- runs_count --
-- How many runs `runs_purge` would remove.
SELECT count(*)
FROM ({clause_old_runs}) AS old

-- runs_purge --
-- Removes what workers noted that are gone, and counts it.
WITH old AS (
    {clause_old_runs}
),

purged AS (
    DELETE FROM job_runs AS run
    USING old
    WHERE run.job = old.job AND run.worker = old.worker AND run.finished_at < $1
    RETURNING 1
)

SELECT count(*)
FROM purged

-- imports_finished --
-- Up to $2 imports that were finished before $1 and still have their file.
SELECT org_id, id, storage_key
FROM imports
WHERE finished_at IS NOT NULL AND emptied_at IS NULL AND finished_at < $1
ORDER BY finished_at
LIMIT $2

-- import_remove_rows --
-- Removes up to $3 rows of a finished import, and counts them.
SELECT amss_purge_import_rows($1, $2, $3)

-- imports_emptied --
-- Notes when imports lost their file and their rows.
UPDATE imports
SET emptied_at = $3
FROM unnest($1::uuid[], $2::uuid[]) AS done (org_id, id)
WHERE imports.org_id = done.org_id AND imports.id = done.id AND imports.finished_at IS NOT NULL

-- imports_strays --
-- Those of some keys that are the file of no import that still has one.
SELECT stored.key
FROM unnest($1::text[]) AS stored (key)
WHERE (
    SELECT count(*)
    FROM imports
    WHERE imports.storage_key = stored.key AND imports.emptied_at IS NULL
) = 0

-- audit_months_past --
-- The months that no organization has to keep any more by $1, and how many entries each has.
SELECT month, amss_audit_entries(month)
FROM amss_audit_months_past($1) AS month

-- audit_lines --
-- Up to $4 entries of a month, those after one, as JSON.
SELECT org_id, id, line
FROM amss_audit_lines($1, $2, $3, $4)

-- audit_drop --
-- Removes a month that has exactly $2 entries.
SELECT amss_drop_audit_partition($1, $2)
