-- columns_of_low_part --
-- What the line of a low part is made from.
parts.id, parts.part_number, parts.description, parts.unit_of_measure, parts.unit_price, parts.minimum_stock,
    parts.reorder_point, parts.lead_time_days, held.available, held.on_hand

-- clause_restated --
-- Due statuses to go by instead of those last announced.
unnest($2::uuid[], $3::text[]) AS restated (id, due_status)

-- clause_held_of_part --
-- What is on hand of a part, and what of it can be used on a day.
(
    SELECT
        coalesce(sum(quantity_on_hand), 0) AS on_hand,
        coalesce(
            sum(quantity_on_hand - quantity_reserved)
                FILTER (WHERE NOT quarantined AND (expiry_date IS NULL OR expiry_date >= $4)),
            0
        ) AS available
    FROM inventory
    WHERE org_id = $1 AND part_id = parts.id
) AS held

-- clause_low --
-- Whether a part that has a threshold is low.
parts.org_id = $1
    AND parts.archived_at IS NULL
    AND (parts.minimum_stock > 0 OR parts.reorder_point IS NOT NULL)
    AND (held.available < parts.minimum_stock OR held.available <= parts.reorder_point)

-- report_open_tasks --
-- Open tasks by status, due status and whether they are mandatory.
SELECT
    tasks.status,
    coalesce(restated.due_status, tasks.due_status),
    coalesce(programs.mandatory, false),
    count(*)
FROM tasks
LEFT JOIN {clause_restated} ON restated.id = tasks.id
LEFT JOIN programs ON programs.org_id = $1 AND programs.id = tasks.program_id
WHERE tasks.org_id = $1 AND tasks.status IN ('scheduled', 'deferred', 'in_progress')
GROUP BY 1, 2, 3

-- report_fleet --
-- Unarchived aircraft with how many open tasks keep them on the ground, found by what does.
WITH grounding AS (
    SELECT
        tasks.aircraft_id,
        count(*) FILTER (
            WHERE programs.mandatory AND coalesce(restated.due_status, tasks.due_status) = 'overdue'
        ) AS overdue,
        count(*) FILTER (
            WHERE programs.mandatory AND coalesce(restated.due_status, tasks.due_status) = 'unknown'
        ) AS unknown,
        count(*) FILTER (WHERE tasks.priority = 'aog') AS aog,
        count(*) FILTER (WHERE tasks.status = 'in_progress') AS in_progress
    FROM tasks
    LEFT JOIN {clause_restated} ON restated.id = tasks.id
    LEFT JOIN programs ON programs.org_id = $1 AND programs.id = tasks.program_id
    WHERE
        tasks.org_id = $1
        AND tasks.status IN ('scheduled', 'deferred', 'in_progress')
        AND (
            tasks.due_status = 'overdue'
            OR tasks.due_status = 'unknown'
            OR tasks.status = 'in_progress'
            OR tasks.priority = 'aog'
            OR tasks.id = ANY ($2)
        )
    GROUP BY tasks.aircraft_id
)
SELECT
    aircraft.id,
    aircraft.registration,
    coalesce(grounding.overdue, 0),
    coalesce(grounding.unknown, 0),
    coalesce(grounding.aog, 0),
    coalesce(grounding.in_progress, 0)
FROM aircraft
LEFT JOIN grounding ON grounding.aircraft_id = aircraft.id
WHERE aircraft.org_id = $1 AND aircraft.archived_at IS NULL

-- report_planned --
-- The planned windows of open tasks that lie in a time at least in part.
SELECT
    aircraft_id,
    (work ->> 'planned_start')::timestamptz,
    (work ->> 'planned_end')::timestamptz
FROM tasks
WHERE
    org_id = $1
    AND status IN ('scheduled', 'deferred', 'in_progress')
    AND (work ->> 'planned_start') IS NOT NULL
    AND (work ->> 'planned_start')::timestamptz < $3
    AND ((work ->> 'planned_start')::timestamptz >= $2 OR (work ->> 'planned_end')::timestamptz > $2)

-- report_activity --
-- How many tasks were completed on some days and not voided, and how many reservations hold stock.
SELECT
    (
        SELECT count(*)
        FROM tasks
        WHERE org_id = $1 AND status = 'completed' AND voiding IS NULL AND completed_on BETWEEN $2 AND $3
    ),
    (SELECT count(*) FROM part_reservations WHERE org_id = $1 AND status = 'reserved')

-- report_stock --
-- How many unarchived parts are below their minimum, how many are low, and what is on hand of all parts is worth.
WITH held AS (
    SELECT
        part_id,
        sum(quantity_on_hand) AS on_hand,
        coalesce(
            sum(quantity_on_hand - quantity_reserved)
                FILTER (WHERE NOT quarantined AND (expiry_date IS NULL OR expiry_date >= $2)),
            0
        ) AS available
    FROM inventory
    WHERE org_id = $1
    GROUP BY part_id
)
SELECT
    count(*) FILTER (WHERE parts.archived_at IS NULL AND coalesce(held.available, 0) < parts.minimum_stock),
    count(*) FILTER (
        WHERE
            parts.archived_at IS NULL
            AND (
                coalesce(held.available, 0) < parts.minimum_stock
                OR coalesce(held.available, 0) <= parts.reorder_point
            )
    ),
    coalesce(sum(held.on_hand * parts.unit_price), 0)
FROM parts
LEFT JOIN held ON held.part_id = parts.id
WHERE parts.org_id = $1

-- low_part_oldest --
-- Unarchived parts after an id of which too few can be used on a day.
SELECT {columns_of_low_part}
FROM parts
CROSS JOIN LATERAL {clause_held_of_part}
WHERE
    {clause_low}
    AND parts.id > $2
ORDER BY parts.id
LIMIT $3

-- low_part_newest --
-- Unarchived parts before an id of which too few can be used on a day, the newest first.
SELECT {columns_of_low_part}
FROM parts
CROSS JOIN LATERAL {clause_held_of_part}
WHERE
    {clause_low}
    AND parts.id < $2
ORDER BY parts.id DESC
LIMIT $3

-- report_punctuality --
-- Completions of some days and tasks overdue now, of the fleet, by aircraft and by program.
WITH judged AS (
    SELECT
        tasks.aircraft_id,
        tasks.program_id,
        CASE programs.requirement ->> 'combine'
            WHEN 'last' THEN points.any_kept
            ELSE points.all_kept
        END AS within_due,
        tasks.program_id IS NOT NULL
            AND tasks.deferral IS NULL
            AND tasks.completion -> 'breaches' = '{}' AS within_grace
    FROM tasks
    LEFT JOIN programs ON programs.org_id = $1 AND programs.id = tasks.program_id
    CROSS JOIN LATERAL (
        SELECT
            bool_and(one.kept) AS all_kept,
            bool_or(one.kept) AS any_kept
        FROM (
            -- A point that was put off is in force with the later of the two: keeping either is enough.
            SELECT bool_or(
                CASE
                    WHEN point ->> 'on' IS NOT NULL THEN tasks.completed_on <= (point ->> 'on')::date
                    ELSE
                        (tasks.completion -> 'readings' ->> (point ->> 'unit'))::numeric
                        <= (point ->> 'at')::numeric
                END
            ) AS kept
            FROM (
                SELECT
                    jsonb_array_elements(tasks.due) AS point,
                    true AS is_own
                UNION ALL
                SELECT
                    jsonb_array_elements(tasks.deferral -> 'due') AS point,
                    false AS is_own
            ) AS all_points
            GROUP BY point ->> 'limit'
            HAVING bool_or(is_own)
        ) AS one
    ) AS points
    WHERE
        tasks.org_id = $1
        AND tasks.status = 'completed'
        AND tasks.voiding IS NULL
        AND tasks.completed_on BETWEEN $4 AND $5
        AND ($6::uuid IS NULL OR tasks.aircraft_id = $6)
        AND ($7::uuid IS NULL OR tasks.program_id = $7)
),
counted AS (
    SELECT
        aircraft_id,
        program_id,
        1 AS completed,
        (within_due OR within_grace)::integer AS on_time,
        within_due::integer AS within_due,
        0 AS overdue
    FROM judged
    WHERE within_due IS NOT NULL
    UNION ALL
    SELECT
        tasks.aircraft_id,
        tasks.program_id,
        0,
        0,
        0,
        1
    FROM tasks
    LEFT JOIN {clause_restated} ON restated.id = tasks.id
    WHERE
        tasks.org_id = $1
        AND tasks.status IN ('scheduled', 'deferred', 'in_progress')
        AND (tasks.due_status = 'overdue' OR tasks.id = ANY ($2))
        AND coalesce(restated.due_status, tasks.due_status) = 'overdue'
        AND ($6::uuid IS NULL OR tasks.aircraft_id = $6)
        AND ($7::uuid IS NULL OR tasks.program_id = $7)
),
lines AS (
    SELECT
        grouping(aircraft_id, program_id) AS scope,
        aircraft_id,
        program_id,
        sum(completed) AS completed,
        sum(on_time) AS on_time,
        sum(within_due) AS within_due,
        sum(overdue) AS overdue
    FROM counted
    GROUP BY GROUPING SETS ((), (aircraft_id), (program_id))
    HAVING count(*) > 0
)
SELECT
    lines.scope,
    coalesce(lines.aircraft_id, lines.program_id),
    coalesce(aircraft.registration, programs.name),
    lines.completed,
    lines.on_time,
    lines.within_due,
    lines.overdue
FROM lines
LEFT JOIN aircraft ON aircraft.org_id = $1 AND aircraft.id = lines.aircraft_id
LEFT JOIN programs ON programs.org_id = $1 AND programs.id = lines.program_id

-- report_assignments --
-- Open tasks by who is to do them, with how much of a time is planned for them in seconds.
SELECT
    tasks.assigned_to,
    users.name,
    count(*),
    count(*) FILTER (WHERE tasks.status = 'in_progress'),
    count(*) FILTER (WHERE coalesce(restated.due_status, tasks.due_status) = 'overdue'),
    coalesce(sum((tasks.work ->> 'estimated_hours')::numeric), 0),
    count(*) FILTER (WHERE planned.overlaps),
    coalesce(sum(extract(EPOCH FROM planned.duration)) FILTER (WHERE planned.overlaps), 0)
FROM tasks
LEFT JOIN {clause_restated} ON restated.id = tasks.id
LEFT JOIN users ON users.org_id = $1 AND users.id = tasks.assigned_to
CROSS JOIN LATERAL (
    SELECT
        (tasks.work ->> 'planned_start')::timestamptz AS starts,
        (tasks.work ->> 'planned_end')::timestamptz AS ends
) AS planning
CROSS JOIN LATERAL (
    SELECT
        planning.starts < $5 AND (planning.starts >= $4 OR coalesce(planning.ends > $4, false)) AS overlaps,
        greatest(
            least(coalesce(planning.ends, planning.starts), $5) - greatest(planning.starts, $4), interval '0'
        ) AS duration
) AS planned
WHERE tasks.org_id = $1 AND tasks.status IN ('scheduled', 'deferred', 'in_progress')
GROUP BY tasks.assigned_to, users.name

-- report_due_dates --
-- Open tasks by their earliest due date.
SELECT
    due_at_date,
    count(*),
    coalesce(sum((work ->> 'estimated_hours')::numeric), 0)
FROM tasks
WHERE
    org_id = $1
    AND status IN ('scheduled', 'deferred', 'in_progress')
    AND due_at_date BETWEEN $2 AND $3
GROUP BY due_at_date
