-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, ban-drop-column
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP INDEX idx_part_reservations_part;
DROP INDEX idx_part_reservations_status;
DROP INDEX idx_inventory_quarantined_expiry;
DROP INDEX idx_inventory_quarantined;
DROP INDEX idx_inventory_location_expiry;
DROP INDEX idx_inventory_location;
DROP INDEX idx_inventory_expiry;
ALTER TABLE inventory DROP COLUMN expiry_key;
DROP INDEX idx_parts_number;
DROP INDEX idx_parts_listed;

CREATE INDEX idx_parts_org ON parts (org_id, id) WHERE archived_at IS NULL;
