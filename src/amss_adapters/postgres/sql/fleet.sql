-- columns_of_aircraft --
-- What an aircraft is made from.
id, registration, serial_number, model, manufacturer, in_service_date, utilisation, head, archived_at, created_at,
    updated_at, version

-- aircraft_get --
-- One aircraft.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE org_id = $1 AND id = $2

-- aircraft_hold --
-- One aircraft, held.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- aircraft_get_many --
-- Aircraft by id.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE org_id = $1 AND id = ANY ($2::uuid[])
ORDER BY id

-- aircraft_hold_many --
-- Aircraft, held in the order of their ids.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE org_id = $1 AND id = ANY ($2::uuid[])
ORDER BY id
FOR NO KEY UPDATE

-- aircraft_by_registrations --
-- Unarchived aircraft with one of the registrations, compared in lower case.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE org_id = $1 AND registration_key = ANY ($2::text[]) AND archived_at IS NULL
ORDER BY id

-- aircraft_hold_by_registrations --
-- Unarchived aircraft with one of the registrations, compared in lower case, held in the order of their ids.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE org_id = $1 AND registration_key = ANY ($2::text[]) AND archived_at IS NULL
ORDER BY id
FOR NO KEY UPDATE

-- clause_of_listed_aircraft --
-- The organization's aircraft in its fleet, or those archived.
org_id = $1
    AND (archived_at IS NOT NULL) = $4

-- clause_place_by_registration --
-- Where a page by registration starts: at a text, or at an aircraft, nowhere when there is none of that id.
(
        CASE
            WHEN $5::text IS NULL THEN (SELECT registration_key FROM aircraft WHERE org_id = $1 AND id = $2)
            ELSE $5
        END,
        $2
    )

-- aircraft_page --
-- Aircraft after an id.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND id > $2
ORDER BY id
LIMIT $3

-- aircraft_page_of_model --
-- Aircraft of a model, compared case folded, after an id.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND model_key = $5
    AND id > $2
ORDER BY id
LIMIT $3

-- aircraft_page_of_registration --
-- Aircraft with a registration, compared in lower case, perhaps of a model, after an id.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND registration_key COLLATE "C" = $6
    AND ($5::text IS NULL OR model_key = $5)
    AND id > $2
ORDER BY id
LIMIT $3

-- aircraft_page_by_registration --
-- Aircraft by registration, the first first.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND (registration_key COLLATE "C", id) > {clause_place_by_registration}
ORDER BY registration_key COLLATE "C", id
LIMIT $3

-- aircraft_page_of_model_by_registration --
-- Aircraft of a model, compared case folded, by registration, the first first.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND model_key = $6
    AND (registration_key COLLATE "C", id) > {clause_place_by_registration}
ORDER BY registration_key COLLATE "C", id
LIMIT $3

-- aircraft_page_last_first --
-- Aircraft before an id, the last first.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- aircraft_page_of_model_last_first --
-- Aircraft of a model, compared case folded, before an id, the last first.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND model_key = $5
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- aircraft_page_of_registration_last_first --
-- Aircraft with a registration, compared in lower case, perhaps of a model, before an id, the last first.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND registration_key COLLATE "C" = $6
    AND ($5::text IS NULL OR model_key = $5)
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- aircraft_page_by_registration_last_first --
-- Aircraft by registration, the last first.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND (registration_key COLLATE "C", id) < {clause_place_by_registration}
ORDER BY registration_key COLLATE "C" DESC, id DESC
LIMIT $3

-- aircraft_page_of_model_by_registration_last_first --
-- Aircraft of a model, compared case folded, by registration, the last first.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    {clause_of_listed_aircraft}
    AND model_key = $6
    AND (registration_key COLLATE "C", id) < {clause_place_by_registration}
ORDER BY registration_key COLLATE "C" DESC, id DESC
LIMIT $3

-- aircraft_unlinked --
-- Unarchived aircraft without a link to the program.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    org_id = $1
    AND archived_at IS NULL
    AND NOT EXISTS (
        SELECT
        FROM aircraft_programs
        WHERE
            aircraft_programs.org_id = $1
            AND aircraft_programs.program_id = $2
            AND aircraft_programs.aircraft_id = aircraft.id
    )
ORDER BY id
LIMIT $3

-- aircraft_unlinked_of_model --
-- Unarchived aircraft of a model, compared case folded, without a link to the program.
SELECT {columns_of_aircraft}
FROM aircraft
WHERE
    org_id = $1
    AND archived_at IS NULL
    AND model_key = $4
    AND NOT EXISTS (
        SELECT
        FROM aircraft_programs
        WHERE
            aircraft_programs.org_id = $1
            AND aircraft_programs.program_id = $2
            AND aircraft_programs.aircraft_id = aircraft.id
    )
ORDER BY id
LIMIT $3

-- aircraft_insert --
-- Adds an aircraft.
INSERT INTO aircraft (
    org_id, id, created_at, registration, registration_key, serial_number, model, model_key, manufacturer,
    in_service_date, utilisation, current_hours, current_cycles, head, archived_at, updated_at, version
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)

-- aircraft_update --
-- Changes an aircraft that still has the version $3.
WITH changed AS (
    UPDATE aircraft
    SET
        registration = $4,
        registration_key = $5,
        serial_number = $6,
        model = $7,
        model_key = $8,
        manufacturer = $9,
        in_service_date = $10,
        utilisation = $11,
        current_hours = $12,
        current_cycles = $13,
        head = $14,
        archived_at = $15,
        updated_at = $16,
        version = $17
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
