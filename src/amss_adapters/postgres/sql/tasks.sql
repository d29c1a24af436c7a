-- columns_of_task --
-- What a task is made from.
id, aircraft_id, program_id, link_id, work, status, due, driver, due_status, next_change_on, assigned_to, started_at,
    completion, cancel_reason, voiding, replaces, created_at, updated_at, version

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
WHERE org_id = $1 AND aircraft_id = ANY ($2::uuid[]) AND status IN ('scheduled', 'in_progress')
ORDER BY id

-- task_hold_open_of_aircraft --
-- The open tasks of some aircraft, held in the order of their ids.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND aircraft_id = ANY ($2::uuid[]) AND status IN ('scheduled', 'in_progress')
ORDER BY id
FOR NO KEY UPDATE

-- task_open_of_links --
-- The open tasks of some links.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND link_id = ANY ($2::uuid[]) AND status IN ('scheduled', 'in_progress')
ORDER BY id

-- task_hold_open_of_links --
-- The open tasks of some links, held in the order of their ids.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND link_id = ANY ($2::uuid[]) AND status IN ('scheduled', 'in_progress')
ORDER BY id
FOR NO KEY UPDATE

-- task_completions --
-- The completed and not voided tasks of some links.
SELECT {columns_of_task}
FROM tasks
WHERE org_id = $1 AND link_id = ANY ($2::uuid[]) AND status = 'completed' AND voiding IS NULL
ORDER BY id

-- task_changing --
-- The ids of open tasks whose due status may change by a day; found by the day first, since few of them do.
WITH changing AS MATERIALIZED (
    SELECT id
    FROM tasks
    WHERE org_id = $1 AND next_change_on <= $2 AND status IN ('scheduled', 'in_progress')
)
SELECT id
FROM changing
ORDER BY id
LIMIT $3

-- task_page --
-- Tasks after an id.
SELECT {columns_of_task}
FROM tasks
WHERE
    org_id = $1
    AND id > $2
ORDER BY id
LIMIT $3

-- task_page_of_assignee --
-- Tasks of one assignee after an id, perhaps of one status, aircraft and program.
SELECT {columns_of_task}
FROM tasks
WHERE
    org_id = $1
    AND id > $2
    AND assigned_to = $7
    AND ($4::text IS NULL OR status = $4)
    AND ($5::uuid IS NULL OR aircraft_id = $5)
    AND ($6::uuid IS NULL OR program_id = $6)
ORDER BY id
LIMIT $3

-- task_page_of_aircraft --
-- Tasks of one aircraft after an id, perhaps of one status and program.
SELECT {columns_of_task}
FROM tasks
WHERE
    org_id = $1
    AND id > $2
    AND aircraft_id = $5
    AND ($4::text IS NULL OR status = $4)
    AND ($6::uuid IS NULL OR program_id = $6)
ORDER BY id
LIMIT $3

-- task_page_of_program --
-- Tasks of one program after an id, perhaps of one status.
SELECT {columns_of_task}
FROM tasks
WHERE
    org_id = $1
    AND id > $2
    AND program_id = $5
    AND ($4::text IS NULL OR status = $4)
ORDER BY id
LIMIT $3

-- task_page_of_status --
-- Tasks of one status after an id.
SELECT {columns_of_task}
FROM tasks
WHERE
    org_id = $1
    AND id > $2
    AND status = $4
ORDER BY id
LIMIT $3

-- task_insert --
-- Adds a task.
INSERT INTO tasks (
    org_id, id, created_at, aircraft_id, program_id, link_id, work, status, due, due_at_hours, due_at_cycles,
    due_at_date, driver, due_status, next_change_on, assigned_to, started_at, completion, completed_at,
    completed_by, completed_at_hours, completed_at_cycles, completion_notes, cancel_reason, voiding, replaces,
    updated_at, version
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
    $25, $26, $27, $28
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
        started_at = $17,
        completion = $18,
        completed_at = $19,
        completed_by = $20,
        completed_at_hours = $21,
        completed_at_cycles = $22,
        completion_notes = $23,
        cancel_reason = $24,
        voiding = $25,
        replaces = $26,
        updated_at = $27,
        version = $28
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
