-- columns_of_link --
-- What a link is made from.
id, aircraft_id, program_id, counts_from, baseline, baseline_note, standing, last_done, completions, due, generation,
    wake_on, revision, ended_at, end_reason, created_at, updated_at, version

-- link_get --
-- One link.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE org_id = $1 AND id = $2

-- link_hold --
-- One link, held.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- link_hold_many --
-- Links, held in the order of their ids.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE org_id = $1 AND id = ANY ($2::uuid[])
ORDER BY id
FOR NO KEY UPDATE

-- link_of_aircraft --
-- All links of some aircraft.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE org_id = $1 AND aircraft_id = ANY ($2::uuid[])
ORDER BY id

-- link_hold_of_aircraft --
-- All links of some aircraft, held in the order of their ids.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE org_id = $1 AND aircraft_id = ANY ($2::uuid[])
ORDER BY id
FOR NO KEY UPDATE

-- link_to_generate --
-- Links of unarchived aircraft that are pending, or waiting and awake by a day; these are found by the day first, since
-- few of them are.
WITH awake AS MATERIALIZED (
    SELECT
        id,
        aircraft_id
    FROM aircraft_programs
    WHERE org_id = $1 AND generation = 'waiting' AND wake_on <= $2
)
SELECT
    id,
    aircraft_id
FROM (
    (
        SELECT
            aircraft_programs.id,
            aircraft_programs.aircraft_id
        FROM aircraft_programs
        INNER JOIN aircraft
            ON aircraft.org_id = aircraft_programs.org_id AND aircraft.id = aircraft_programs.aircraft_id
        WHERE
            aircraft_programs.org_id = $1
            AND aircraft_programs.generation = 'pending'
            AND aircraft.org_id = $1
            AND aircraft.archived_at IS NULL
        ORDER BY aircraft_programs.aircraft_id, aircraft_programs.id
        LIMIT $3
    )
    UNION ALL
    (
        SELECT
            awake.id,
            awake.aircraft_id
        FROM awake
        INNER JOIN aircraft
            ON aircraft.org_id = $1 AND aircraft.id = awake.aircraft_id
        WHERE aircraft.archived_at IS NULL
        ORDER BY awake.aircraft_id, awake.id
        LIMIT $3
    )
) AS found
ORDER BY aircraft_id, id
LIMIT $3

-- link_to_generate_of_program --
-- Links of a program and unarchived aircraft that are pending, or waiting and awake by a day; these are found by the day
-- first, since few of them are.
WITH awake AS MATERIALIZED (
    SELECT
        id,
        aircraft_id,
        program_id
    FROM aircraft_programs
    WHERE org_id = $1 AND generation = 'waiting' AND wake_on <= $2
)
SELECT
    found.id,
    found.aircraft_id
FROM (
    SELECT
        id,
        aircraft_id
    FROM aircraft_programs
    WHERE org_id = $1 AND generation = 'pending' AND program_id = $4
    UNION ALL
    SELECT
        id,
        aircraft_id
    FROM awake
    WHERE program_id = $4
) AS found
INNER JOIN aircraft
    ON aircraft.org_id = $1 AND aircraft.id = found.aircraft_id
WHERE aircraft.archived_at IS NULL
ORDER BY found.aircraft_id, found.id
LIMIT $3

-- link_behind --
-- Active links of a program that follow an earlier revision.
SELECT
    id,
    aircraft_id
FROM aircraft_programs
WHERE org_id = $1 AND program_id = $2 AND revision < $3 AND ended_at IS NULL
ORDER BY aircraft_id, id
LIMIT $4

-- clause_of_listed_links --
-- The organization's active links, or those that ended.
org_id = $1
    AND (ended_at IS NOT NULL) = $4

-- link_page --
-- Links after an id.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE
    {clause_of_listed_links}
    AND id > $2
ORDER BY id
LIMIT $3

-- link_page_last_first --
-- Links before an id, the last first.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE
    {clause_of_listed_links}
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- link_page_of_program --
-- Links of a program, perhaps with one aircraft, after an id.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE
    {clause_of_listed_links}
    AND id > $2
    AND program_id = $5
    AND ($6::uuid IS NULL OR aircraft_id = $6)
ORDER BY id
LIMIT $3

-- link_page_of_program_last_first --
-- Links of a program, perhaps with one aircraft, before an id, the last first.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE
    {clause_of_listed_links}
    AND id < $2
    AND program_id = $5
    AND ($6::uuid IS NULL OR aircraft_id = $6)
ORDER BY id DESC
LIMIT $3

-- link_page_of_aircraft --
-- Links of an aircraft after an id.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE
    {clause_of_listed_links}
    AND id > $2
    AND aircraft_id = $5
ORDER BY id
LIMIT $3

-- link_page_of_aircraft_last_first --
-- Links of an aircraft before an id, the last first.
SELECT {columns_of_link}
FROM aircraft_programs
WHERE
    {clause_of_listed_links}
    AND id < $2
    AND aircraft_id = $5
ORDER BY id DESC
LIMIT $3

-- link_insert --
-- Adds a link.
INSERT INTO aircraft_programs (
    org_id, id, created_at, aircraft_id, program_id, counts_from, baseline, baseline_note, standing, last_done,
    last_completed_hours, last_completed_cycles, last_completed_date, completions, due, generation, wake_on, revision,
    ended_at, end_reason, updated_at, version
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22
)

-- link_update --
-- Changes a link that still has the version $3.
WITH changed AS (
    UPDATE aircraft_programs
    SET
        aircraft_id = $4,
        program_id = $5,
        counts_from = $6,
        baseline = $7,
        baseline_note = $8,
        standing = $9,
        last_done = $10,
        last_completed_hours = $11,
        last_completed_cycles = $12,
        last_completed_date = $13,
        completions = $14,
        due = $15,
        generation = $16,
        wake_on = $17,
        revision = $18,
        ended_at = $19,
        end_reason = $20,
        updated_at = $21,
        version = $22
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
