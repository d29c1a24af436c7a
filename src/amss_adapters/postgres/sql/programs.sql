-- columns_of_program --
-- What a program is made from.
id, name, description, reference, kind, mandatory, requirement, preset, applies_to, model, links_count_from,
    horizon_percent, last_occurrence, priority, estimated_hours, required_parts, checklist, is_deferrable, revision,
    spreading, archived_at, created_at, updated_at, version

-- program_get --
-- One program.
SELECT {columns_of_program}
FROM programs
WHERE org_id = $1 AND id = $2

-- program_hold --
-- One program, held.
SELECT {columns_of_program}
FROM programs
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- program_get_many --
-- Programs by id.
SELECT {columns_of_program}
FROM programs
WHERE org_id = $1 AND id = ANY ($2::uuid[])
ORDER BY id

-- program_by_names --
-- Unarchived programs with one of the names, compared in lower case.
SELECT {columns_of_program}
FROM programs
WHERE org_id = $1 AND name_key = ANY ($2::text[]) AND archived_at IS NULL
ORDER BY id

-- program_hold_by_names --
-- Unarchived programs with one of the names, compared in lower case, held in the order of their ids.
SELECT {columns_of_program}
FROM programs
WHERE org_id = $1 AND name_key = ANY ($2::text[]) AND archived_at IS NULL
ORDER BY id
FOR NO KEY UPDATE

-- program_covering --
-- Unarchived programs that are linked by themselves to an aircraft of the model, compared case folded.
SELECT {columns_of_program}
FROM programs
WHERE
    org_id = $1
    AND archived_at IS NULL
    AND (applies_to = 'all' OR applies_to = 'model' AND model_key = $2)
ORDER BY id

-- program_spreading --
-- The ids of programs that links still have to follow.
SELECT id
FROM programs
WHERE org_id = $1 AND spreading
ORDER BY id

-- clause_of_listed_programs --
-- The organization's programs in force, or those archived.
org_id = $1
    AND (archived_at IS NOT NULL) = $4

-- clause_place_by_name --
-- Where a page by name starts: at a text, or at a program, nowhere when there is none of that id.
(
        CASE
            WHEN $6::text IS NULL THEN (SELECT name_key FROM programs WHERE org_id = $1 AND id = $2)
            ELSE $6
        END,
        $2
    )

-- program_page --
-- Programs after an id.
SELECT {columns_of_program}
FROM programs
WHERE
    {clause_of_listed_programs}
    AND id > $2
ORDER BY id
LIMIT $3

-- program_page_of_kind --
-- Programs of a kind after an id.
SELECT {columns_of_program}
FROM programs
WHERE
    {clause_of_listed_programs}
    AND id > $2
    AND kind = $5
ORDER BY id
LIMIT $3

-- program_page_of_name --
-- Programs of a name, perhaps of one kind, after an id.
SELECT {columns_of_program}
FROM programs
WHERE
    {clause_of_listed_programs}
    AND id > $2
    AND name_key COLLATE "C" = $6
    AND ($5::text IS NULL OR kind = $5)
ORDER BY id
LIMIT $3

-- program_page_by_name --
-- Programs by name, perhaps of one kind, the first first.
SELECT {columns_of_program}
FROM programs
WHERE
    {clause_of_listed_programs}
    AND (name_key COLLATE "C", id) > {clause_place_by_name}
    AND ($5::text IS NULL OR kind = $5)
ORDER BY name_key COLLATE "C", id
LIMIT $3

-- program_page_last_first --
-- Programs before an id, the last first.
SELECT {columns_of_program}
FROM programs
WHERE
    {clause_of_listed_programs}
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- program_page_of_kind_last_first --
-- Programs of a kind before an id, the last first.
SELECT {columns_of_program}
FROM programs
WHERE
    {clause_of_listed_programs}
    AND id < $2
    AND kind = $5
ORDER BY id DESC
LIMIT $3

-- program_page_of_name_last_first --
-- Programs of a name, perhaps of one kind, before an id, the last first.
SELECT {columns_of_program}
FROM programs
WHERE
    {clause_of_listed_programs}
    AND id < $2
    AND name_key COLLATE "C" = $6
    AND ($5::text IS NULL OR kind = $5)
ORDER BY id DESC
LIMIT $3

-- program_page_by_name_last_first --
-- Programs by name, perhaps of one kind, the last first.
SELECT {columns_of_program}
FROM programs
WHERE
    {clause_of_listed_programs}
    AND (name_key COLLATE "C", id) < {clause_place_by_name}
    AND ($5::text IS NULL OR kind = $5)
ORDER BY name_key COLLATE "C" DESC, id DESC
LIMIT $3

-- program_insert --
-- Adds a program.
INSERT INTO programs (
    org_id, id, created_at, name, name_key, description, interval_type, interval_value, reference, kind, mandatory,
    requirement, preset, applies_to, model, model_key, links_count_from, horizon_percent, last_occurrence, priority,
    estimated_hours, required_parts, checklist, revision, spreading, archived_at, updated_at, version, is_deferrable
)
VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
    $26, $27, $28, $29
)

-- program_update --
-- Changes a program that still has the version $3.
WITH changed AS (
    UPDATE programs
    SET
        name = $4,
        name_key = $5,
        description = $6,
        interval_type = $7,
        interval_value = $8,
        reference = $9,
        kind = $10,
        mandatory = $11,
        requirement = $12,
        preset = $13,
        applies_to = $14,
        model = $15,
        model_key = $16,
        links_count_from = $17,
        horizon_percent = $18,
        last_occurrence = $19,
        priority = $20,
        estimated_hours = $21,
        required_parts = $22,
        checklist = $23,
        revision = $24,
        spreading = $25,
        archived_at = $26,
        updated_at = $27,
        version = $28,
        is_deferrable = $29
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
