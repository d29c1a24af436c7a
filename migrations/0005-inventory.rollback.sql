SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TABLE part_reservations;
DROP TABLE inventory_movements;
DROP TABLE inventory;
DROP TABLE parts;
