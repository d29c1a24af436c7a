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

-- stock_get --
-- One row of stock.
SELECT {columns_of_stock}
FROM inventory
WHERE org_id = $1 AND id = $2

-- stock_get_many --
-- Rows of stock by id.
SELECT {columns_of_stock}
FROM inventory
WHERE org_id = $1 AND id = ANY ($2::uuid[])
ORDER BY id

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

-- clause_place_by_time --
-- Where a page of movements starts: at an instant, or at a movement, nowhere when there is none of that id.
(
        CASE
            WHEN $5::timestamptz IS NULL
                THEN (SELECT occurred_at FROM inventory_movements WHERE org_id = $1 AND id = $2)
            ELSE $5
        END,
        $2
    )

-- movement_page --
-- The movements of a row, the oldest first.
SELECT {columns_of_movement}
FROM inventory_movements
WHERE
    org_id = $1
    AND inventory_id = $4
    AND (occurred_at, id) > {clause_place_by_time}
ORDER BY occurred_at, id
LIMIT $3

-- movement_page_last_first --
-- The movements of a row, the newest first.
SELECT {columns_of_movement}
FROM inventory_movements
WHERE
    org_id = $1
    AND inventory_id = $4
    AND (occurred_at, id) < {clause_place_by_time}
ORDER BY occurred_at DESC, id DESC
LIMIT $3

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

-- reservation_get --
-- One reservation.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE org_id = $1 AND id = $2

-- reservation_page --
-- Reservations after an id, perhaps of some statuses.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE
    org_id = $1
    AND ($4::text[] IS NULL OR status = ANY ($4))
    AND id > $2
ORDER BY id
LIMIT $3

-- reservation_page_last_first --
-- Reservations before an id, perhaps of some statuses, the last first.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE
    org_id = $1
    AND ($4::text[] IS NULL OR status = ANY ($4))
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- reservation_page_of_status --
-- Reservations of one status after an id.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE
    org_id = $1
    AND status = $4
    AND id > $2
ORDER BY id
LIMIT $3

-- reservation_page_of_status_last_first --
-- Reservations of one status before an id, the last first.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE
    org_id = $1
    AND status = $4
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- reservation_page_of_part --
-- Reservations of a part after an id, perhaps of some statuses.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE
    org_id = $1
    AND part_id = $5
    AND ($4::text[] IS NULL OR status = ANY ($4))
    AND id > $2
ORDER BY id
LIMIT $3

-- reservation_page_of_part_last_first --
-- Reservations of a part before an id, perhaps of some statuses, the last first.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE
    org_id = $1
    AND part_id = $5
    AND ($4::text[] IS NULL OR status = ANY ($4))
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- reservation_page_of_task --
-- Reservations for a task after an id, perhaps of one part and of some statuses.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE
    org_id = $1
    AND task_id = $6
    AND ($5::uuid IS NULL OR part_id = $5)
    AND ($4::text[] IS NULL OR status = ANY ($4))
    AND id > $2
ORDER BY id
LIMIT $3

-- reservation_page_of_task_last_first --
-- Reservations for a task before an id, perhaps of one part and of some statuses, the last first.
SELECT {columns_of_reservation}
FROM part_reservations
WHERE
    org_id = $1
    AND task_id = $6
    AND ($5::uuid IS NULL OR part_id = $5)
    AND ($4::text[] IS NULL OR status = ANY ($4))
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- reservation_task --
-- Whether there is such a task.
SELECT id
FROM tasks
WHERE org_id = $1 AND id = $2

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
