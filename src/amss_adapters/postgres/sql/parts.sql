-- columns_of_part --
-- What a part is made from.
id, part_number, description, unit_of_measure, unit_price, minimum_stock, reorder_point, lead_time_days, archived_at,
    created_at, updated_at, version

-- part_get --
-- One part.
SELECT {columns_of_part}
FROM parts
WHERE org_id = $1 AND id = $2

-- part_hold --
-- One part, held.
SELECT {columns_of_part}
FROM parts
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- part_get_many --
-- Parts by id.
SELECT {columns_of_part}
FROM parts
WHERE org_id = $1 AND id = ANY ($2::uuid[])
ORDER BY id

-- part_by_numbers --
-- Unarchived parts with one of the numbers, compared in lower case.
SELECT {columns_of_part}
FROM parts
WHERE org_id = $1 AND part_number_key = ANY ($2::text[]) AND archived_at IS NULL
ORDER BY id

-- part_hold_by_numbers --
-- Unarchived parts with one of the numbers, compared in lower case, held in the order of their ids.
SELECT {columns_of_part}
FROM parts
WHERE org_id = $1 AND part_number_key = ANY ($2::text[]) AND archived_at IS NULL
ORDER BY id
FOR NO KEY UPDATE

-- clause_of_listed_parts --
-- The organization's parts in use, or those archived.
org_id = $1
    AND (archived_at IS NOT NULL) = $4

-- clause_place_by_number --
-- Where a page by number starts: at a text, or at a part, nowhere when there is none of that id.
(CASE WHEN $5::text IS NULL THEN (SELECT part_number_key FROM parts WHERE org_id = $1 AND id = $2) ELSE $5 END, $2)

-- part_page --
-- Parts after an id.
SELECT {columns_of_part}
FROM parts
WHERE
    {clause_of_listed_parts}
    AND id > $2
ORDER BY id
LIMIT $3

-- part_page_last_first --
-- Parts before an id, the last first.
SELECT {columns_of_part}
FROM parts
WHERE
    {clause_of_listed_parts}
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- part_page_by_number --
-- Parts by number, the first first.
SELECT {columns_of_part}
FROM parts
WHERE
    {clause_of_listed_parts}
    AND (part_number_key COLLATE "C", id) > {clause_place_by_number}
ORDER BY part_number_key COLLATE "C", id
LIMIT $3

-- part_page_by_number_last_first --
-- Parts by number, the last first.
SELECT {columns_of_part}
FROM parts
WHERE
    {clause_of_listed_parts}
    AND (part_number_key COLLATE "C", id) < {clause_place_by_number}
ORDER BY part_number_key COLLATE "C" DESC, id DESC
LIMIT $3

-- part_page_of_number --
-- Parts of a number after an id.
SELECT {columns_of_part}
FROM parts
WHERE
    {clause_of_listed_parts}
    AND part_number_key COLLATE "C" = $6
    AND (part_number_key COLLATE "C", id) > {clause_place_by_number}
ORDER BY part_number_key COLLATE "C", id
LIMIT $3

-- part_page_of_number_last_first --
-- Parts of a number before an id, the last first.
SELECT {columns_of_part}
FROM parts
WHERE
    {clause_of_listed_parts}
    AND part_number_key COLLATE "C" = $6
    AND (part_number_key COLLATE "C", id) < {clause_place_by_number}
ORDER BY part_number_key COLLATE "C" DESC, id DESC
LIMIT $3

-- part_insert --
-- Adds a part.
INSERT INTO parts (
    org_id, id, created_at, part_number, part_number_key, description, unit_of_measure, unit_price, minimum_stock,
    reorder_point, lead_time_days, archived_at, updated_at, version
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)

-- part_update --
-- Changes a part that still has the version $3.
WITH changed AS (
    UPDATE parts
    SET
        part_number = $4,
        part_number_key = $5,
        description = $6,
        unit_of_measure = $7,
        unit_price = $8,
        minimum_stock = $9,
        reorder_point = $10,
        lead_time_days = $11,
        archived_at = $12,
        updated_at = $13,
        version = $14
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
