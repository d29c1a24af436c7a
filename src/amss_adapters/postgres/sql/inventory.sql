-- columns_of_part --
-- What a part is made from.
id, part_number, description, unit_of_measure, unit_price, minimum_stock, reorder_point, lead_time_days, archived_at,
    created_at, updated_at, version

-- columns_of_stock --
-- What a row of stock is made from.
id, part_id, location, lot, serial_number, expiry_date, quarantined, quantity_on_hand, quantity_reserved, created_at,
    updated_at, version

-- columns_of_movement --
-- What a movement is made from.
id, inventory_id, kind, quantity, reason, task_id, occurred_at

-- columns_of_reservation --
-- What a reservation is made from.
id, task_id, part_id, inventory_id, quantity, quantity_consumed, status, created_at, updated_at, version

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

-- part_page --
-- Unarchived parts after an id.
SELECT {columns_of_part}
FROM parts
WHERE org_id = $1 AND id > $2 AND archived_at IS NULL
ORDER BY id
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

-- stock_get --
-- One row of stock.
SELECT {columns_of_stock}
FROM inventory
WHERE org_id = $1 AND id = $2

-- stock_of_parts --
-- The rows of some parts.
SELECT {columns_of_stock}
FROM inventory
WHERE org_id = $1 AND part_id = ANY ($2::uuid[])
ORDER BY id

-- stock_hold_of_parts --
-- The rows of some parts, held in the order of their ids.
SELECT {columns_of_stock}
FROM inventory
WHERE org_id = $1 AND part_id = ANY ($2::uuid[])
ORDER BY id
FOR NO KEY UPDATE

-- stock_page --
-- Rows after an id.
SELECT {columns_of_stock}
FROM inventory
WHERE org_id = $1 AND id > $2
ORDER BY id
LIMIT $3

-- stock_insert --
-- Adds a row of stock.
INSERT INTO inventory (
    org_id, id, created_at, part_id, location, lot, serial_number, expiry_date, quarantined, quantity_on_hand,
    quantity_reserved, updated_at, version
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- stock_update --
-- Changes a row that still has the version $3.
WITH changed AS (
    UPDATE inventory
    SET
        part_id = $4,
        location = $5,
        lot = $6,
        serial_number = $7,
        expiry_date = $8,
        quarantined = $9,
        quantity_on_hand = $10,
        quantity_reserved = $11,
        updated_at = $12,
        version = $13
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))

-- movement_of_stock --
-- The movements of a row, oldest first.
SELECT {columns_of_movement}
FROM inventory_movements
WHERE org_id = $1 AND inventory_id = $2
ORDER BY occurred_at, id

-- movement_insert --
-- Appends a movement.
INSERT INTO inventory_movements (org_id, id, inventory_id, kind, quantity, reason, task_id, occurred_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)

-- reservation_of_task --
-- The reservations of a task.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE org_id = $1 AND task_id = $2
ORDER BY id

-- reservation_insert --
-- Adds a reservation.
INSERT INTO part_reservations (
    org_id, id, created_at, task_id, part_id, inventory_id, quantity, quantity_consumed, status, updated_at, version
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- reservation_update --
-- Changes a reservation that still has the version $3.
WITH changed AS (
    UPDATE part_reservations
    SET
        task_id = $4,
        part_id = $5,
        inventory_id = $6,
        quantity = $7,
        quantity_consumed = $8,
        status = $9,
        updated_at = $10,
        version = $11
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
