-- Indexes for the lists of parts, stock and reservations.
--
-- Built in the migration's transaction and not concurrently: no release has these tables yet, so none is large.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, adding-field-with-default

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP INDEX idx_parts_org;

CREATE INDEX idx_parts_listed ON parts (org_id, (archived_at IS NOT NULL), id);
CREATE INDEX idx_parts_number ON parts (org_id, (archived_at IS NOT NULL), part_number_key COLLATE "C", id);

ALTER TABLE inventory ADD COLUMN expiry_key date GENERATED ALWAYS AS (coalesce(expiry_date, 'infinity'::date)) STORED;

COMMENT ON COLUMN inventory.expiry_key IS
'The expiry date as it is ordered: what never expires after all that does. A column, since row-level security lets no index answer for coalesce().';

CREATE INDEX idx_inventory_expiry ON inventory (org_id, expiry_key, id);
CREATE INDEX idx_inventory_location ON inventory (org_id, location, id);
CREATE INDEX idx_inventory_location_expiry ON inventory (org_id, location, expiry_key, id);
CREATE INDEX idx_inventory_quarantined ON inventory (org_id, id) WHERE quarantined;
CREATE INDEX idx_inventory_quarantined_expiry ON inventory (org_id, expiry_key, id) WHERE quarantined;

CREATE INDEX idx_part_reservations_status ON part_reservations (org_id, status, id);
CREATE INDEX idx_part_reservations_part ON part_reservations (org_id, part_id, id);
