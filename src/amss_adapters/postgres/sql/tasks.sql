-- columns_of_task --
-- What a task is made from.
id, aircraft_id, program_id, link_id, work, status, due, driver, due_status, next_change_on, assigned_to, deferral,
    started_at, completion, cancel_reason, voiding, replaces, created_at, updated_at, version

-- task_get --
-- One task.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND id = $2

-- task_hold --
-- One task, held.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- task_get_many --
-- Tasks by id.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND id = ANY ($2::uuid[])
ORDER BY id

-- task_hold_many --
-- Tasks, held in the order of their ids.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND id = ANY ($2::uuid[])
ORDER BY id
FOR NO KEY UPDATE

-- task_open_of_aircraft --
-- The open tasks of some aircraft.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND aircraft_id = ANY ($2::uuid[]) AND status IN ('scheduled', 'deferred', 'in_progress')
ORDER BY id

-- task_hold_open_of_aircraft --
-- The open tasks of some aircraft, held in the order of their ids.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND aircraft_id = ANY ($2::uuid[]) AND status IN ('scheduled', 'deferred', 'in_progress')
ORDER BY id
FOR NO KEY UPDATE

-- task_open_of_links --
-- The open tasks of some links.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND link_id = ANY ($2::uuid[]) AND status IN ('scheduled', 'deferred', 'in_progress')
ORDER BY id

-- task_hold_open_of_links --
-- The open tasks of some links, held in the order of their ids.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND link_id = ANY ($2::uuid[]) AND status IN ('scheduled', 'deferred', 'in_progress')
ORDER BY id
FOR NO KEY UPDATE

-- task_completions --
-- The completed and not voided tasks of some links.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND link_id = ANY ($2::uuid[]) AND status = 'completed' AND voiding IS NULL
ORDER BY id

-- clause_place_by_closing --
-- Where a page by closing starts: at an instant, or at a task, nowhere when there is none closed of that id.
(
        CASE
            WHEN $4::timestamptz IS NULL THEN (SELECT closed_at FROM tasks WHERE org_id = $1 AND id = $2)
            ELSE $4
        END,
        $2
    )

-- task_closed_of_aircraft --
-- The closed tasks of an aircraft from an instant or a task on, the first closed first.
SELECT {columns_of_task}
FROM tasks
WHERE
    org_id = $1
    AND aircraft_id = $5
    AND closed_at IS NOT NULL
    AND (closed_at, id) > {clause_place_by_closing}
ORDER BY closed_at, id
LIMIT $3

-- task_closed_of_aircraft_last_first --
-- The closed tasks of an aircraft from an instant or a task on, the last closed first.
SELECT {columns_of_task}
FROM tasks
WHERE
    org_id = $1
    AND aircraft_id = $5
    AND closed_at IS NOT NULL
    AND (closed_at, id) < {clause_place_by_closing}
ORDER BY closed_at DESC, id DESC
LIMIT $3

-- task_changing --
-- The ids of open tasks whose due status may change by a day; found by the day first, since few of them do.
WITH changing AS MATERIALIZED (
    SELECT id
    FROM tasks
    WHERE org_id = $1 AND next_change_on <= $2 AND status IN ('scheduled', 'deferred', 'in_progress')
)
SELECT id
FROM changing
ORDER BY id
LIMIT $3

-- task_open_of_assignees --
-- The open tasks of some assignees.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND assigned_to = ANY ($2::uuid[]) AND status IN ('scheduled', 'deferred', 'in_progress')
ORDER BY id

-- task_insert --
-- Adds a task.
INSERT INTO tasks (
    org_id, id, created_at, aircraft_id, program_id, link_id, work, status, due, due_at_hours, due_at_cycles,
    due_at_date, driver, due_status, next_change_on, assigned_to, deferral, started_at, completion, completed_at,
    completed_by, completed_at_hours, completed_at_cycles, completion_notes, cancel_reason, voiding, replaces,
    updated_at, version
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
    $25, $26, $27, $28, $29
)

-- task_update --
-- Changes a task that still has the version $3.
WITH changed AS (
    UPDATE tasks
    SET
        aircraft_id = $4,
        program_id = $5,
        link_id = $6,
        work = $7,
        status = $8,
        due = $9,
        due_at_hours = $10,
        due_at_cycles = $11,
        due_at_date = $12,
        driver = $13,
        due_status = $14,
        next_change_on = $15,
        assigned_to = $16,
        deferral = $17,
        started_at = $18,
        completion = $19,
        completed_at = $20,
        completed_by = $21,
        completed_at_hours = $22,
        completed_at_cycles = $23,
        completion_notes = $24,
        cancel_reason = $25,
        voiding = $26,
        replaces = $27,
        updated_at = $28,
        version = $29
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
