-- columns_of_dependency --
-- What a dependency is made from.
id, task_id, depends_on_id, kind, removed_at, created_at, updated_at, version

-- note_of_task --
-- The notes on a task.
SELECT
    id,
    task_id,
    text,
    written_by,
    user_id,
    created_at
FROM task_notes
WHERE org_id = $1 AND task_id = $2
ORDER BY id

-- note_insert --
-- Adds a note.
INSERT INTO task_notes (org_id, id, task_id, text, written_by, user_id, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- labour_of_task --
-- The labour that a task took.
SELECT
    id,
    task_id,
    user_id,
    hours,
    worked_on,
    note,
    recorded_by,
    created_at
FROM task_labour
WHERE org_id = $1 AND task_id = $2
ORDER BY id

-- labour_insert --
-- Adds hours worked.
INSERT INTO task_labour (org_id, id, task_id, user_id, hours, worked_on, note, recorded_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- dependency_get --
-- One dependency.
SELECT {columns_of_dependency}
FROM task_dependencies
WHERE org_id = $1 AND id = $2

-- dependency_of_task --
-- What a task waits for.
SELECT {columns_of_dependency}
FROM task_dependencies
WHERE org_id = $1 AND task_id = $2 AND removed_at IS NULL
ORDER BY id

-- dependency_on_task --
-- What waits for a task.
SELECT {columns_of_dependency}
FROM task_dependencies
WHERE org_id = $1 AND depends_on_id = $2 AND removed_at IS NULL
ORDER BY id

-- dependency_downstream --
-- All through which others wait for a task, directly or not.
WITH RECURSIVE waiting AS (
    SELECT
        id,
        task_id
    FROM task_dependencies
    WHERE org_id = $1 AND depends_on_id = $2 AND removed_at IS NULL
    UNION
    SELECT
        following.id,
        following.task_id
    FROM waiting
    CROSS JOIN LATERAL (
        SELECT
            task_dependencies.id,
            task_dependencies.task_id
        FROM task_dependencies
        WHERE
            task_dependencies.org_id = $1
            AND task_dependencies.depends_on_id = waiting.task_id
            AND task_dependencies.removed_at IS NULL
        OFFSET 0
    ) AS following
)
SELECT {columns_of_dependency}
FROM task_dependencies
WHERE org_id = $1 AND id = ANY (ARRAY(SELECT waiting.id FROM waiting))
ORDER BY id

-- dependency_insert --
-- Adds a dependency.
INSERT INTO task_dependencies (
    org_id, id, created_at, task_id, depends_on_id, kind, removed_at, updated_at, version
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- dependency_update --
-- Changes a dependency that still has the version $3.
WITH changed AS (
    UPDATE task_dependencies
    SET
        task_id = $4,
        depends_on_id = $5,
        kind = $6,
        removed_at = $7,
        updated_at = $8,
        version = $9
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
