-- columns_of_stock --
-- What a row of stock is made from.
id, part_id, location, lot, serial_number, expiry_date, quarantined, quantity_on_hand, quantity_reserved, created_at,
    updated_at, version

-- clause_place_by_expiry --
-- Where a page by expiry starts: at a day, or at a row, nowhere when there is none of that id.
(CASE WHEN $5::date IS NULL THEN (SELECT expiry_key FROM inventory WHERE org_id = $1 AND id = $2) ELSE $5 END, $2)

-- clause_expires_in_time --
-- Whether a row expires up to a day, said so that no index is taken for it: the order is by id.
(expiry_key <= $4 OR $4 = 'infinity'::date)

-- stock_page --
-- Rows that expire up to a day, perhaps only in or out of quarantine, after an id.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND {clause_expires_in_time}
    AND ($5::boolean IS NULL OR quarantined = $5)
    AND id > $2
ORDER BY id
LIMIT $3

-- stock_page_last_first --
-- Rows that expire up to a day, perhaps only in or out of quarantine, before an id, the last first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND {clause_expires_in_time}
    AND ($5::boolean IS NULL OR quarantined = $5)
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- stock_page_quarantined --
-- Rows in quarantine that expire up to a day, after an id.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND quarantined
    AND {clause_expires_in_time}
    AND id > $2
ORDER BY id
LIMIT $3

-- stock_page_quarantined_last_first --
-- Rows in quarantine that expire up to a day, before an id, the last first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND quarantined
    AND {clause_expires_in_time}
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- stock_page_of_location --
-- Rows of a location that expire up to a day, perhaps only in or out of quarantine, after an id.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND location = $6
    AND {clause_expires_in_time}
    AND ($5::boolean IS NULL OR quarantined = $5)
    AND id > $2
ORDER BY id
LIMIT $3

-- stock_page_of_location_last_first --
-- Rows of a location that expire up to a day, perhaps only in or out of quarantine, before an id, the last first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND location = $6
    AND {clause_expires_in_time}
    AND ($5::boolean IS NULL OR quarantined = $5)
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- stock_page_of_part --
-- Rows of a part that expire up to a day, perhaps of a location, in or out of quarantine, after an id.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND part_id = $7
    AND ($6::text IS NULL OR location = $6)
    AND {clause_expires_in_time}
    AND ($5::boolean IS NULL OR quarantined = $5)
    AND id > $2
ORDER BY id
LIMIT $3

-- stock_page_of_part_last_first --
-- Rows of a part that expire up to a day, perhaps of a location, in or out of quarantine, before an id, the last first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND part_id = $7
    AND ($6::text IS NULL OR location = $6)
    AND {clause_expires_in_time}
    AND ($5::boolean IS NULL OR quarantined = $5)
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- stock_page_by_expiry --
-- Rows that expire up to a day, perhaps only in or out of quarantine, by expiry, the first first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND expiry_key <= $4
    AND ($6::boolean IS NULL OR quarantined = $6)
    AND (expiry_key, id) > {clause_place_by_expiry}
ORDER BY expiry_key, id
LIMIT $3

-- stock_page_by_expiry_last_first --
-- Rows that expire up to a day, perhaps only in or out of quarantine, by expiry, the last first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND expiry_key <= $4
    AND ($6::boolean IS NULL OR quarantined = $6)
    AND (expiry_key, id) < {clause_place_by_expiry}
ORDER BY expiry_key DESC, id DESC
LIMIT $3

-- stock_page_quarantined_by_expiry --
-- Rows in quarantine that expire up to a day, by expiry, the first first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND quarantined
    AND expiry_key <= $4
    AND (expiry_key, id) > {clause_place_by_expiry}
ORDER BY expiry_key, id
LIMIT $3

-- stock_page_quarantined_by_expiry_last_first --
-- Rows in quarantine that expire up to a day, by expiry, the last first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND quarantined
    AND expiry_key <= $4
    AND (expiry_key, id) < {clause_place_by_expiry}
ORDER BY expiry_key DESC, id DESC
LIMIT $3

-- stock_page_of_location_by_expiry --
-- Rows of a location that expire up to a day, perhaps only in or out of quarantine, by expiry, the first first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND location = $7
    AND expiry_key <= $4
    AND ($6::boolean IS NULL OR quarantined = $6)
    AND (expiry_key, id) > {clause_place_by_expiry}
ORDER BY expiry_key, id
LIMIT $3

-- stock_page_of_location_by_expiry_last_first --
-- Rows of a location that expire up to a day, perhaps only in or out of quarantine, by expiry, the last first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND location = $7
    AND expiry_key <= $4
    AND ($6::boolean IS NULL OR quarantined = $6)
    AND (expiry_key, id) < {clause_place_by_expiry}
ORDER BY expiry_key DESC, id DESC
LIMIT $3

-- stock_page_of_part_by_expiry --
-- Rows of a part that expire up to a day, perhaps of a location, in or out of quarantine, by expiry, the first first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND part_id = $8
    AND ($7::text IS NULL OR location = $7)
    AND expiry_key <= $4
    AND ($6::boolean IS NULL OR quarantined = $6)
    AND (expiry_key, id) > {clause_place_by_expiry}
ORDER BY expiry_key, id
LIMIT $3

-- stock_page_of_part_by_expiry_last_first --
-- Rows of a part that expire up to a day, perhaps of a location, in or out of quarantine, by expiry, the last first.
SELECT {columns_of_stock}
FROM inventory
WHERE
    org_id = $1
    AND part_id = $8
    AND ($7::text IS NULL OR location = $7)
    AND expiry_key <= $4
    AND ($6::boolean IS NULL OR quarantined = $6)
    AND (expiry_key, id) < {clause_place_by_expiry}
ORDER BY expiry_key DESC, id DESC
LIMIT $3
