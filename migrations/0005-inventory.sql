-- Parts, their stock, the movements that explain it and the reservations that hold it.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE parts (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    part_number text NOT NULL,
    part_number_key text NOT NULL,
    description text,
    unit_of_measure text NOT NULL,
    unit_price numeric,
    minimum_stock bigint NOT NULL,
    reorder_point bigint,
    lead_time_days bigint,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT parts_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT parts_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id)
);

COMMENT ON COLUMN parts.part_number_key IS
'The part number as it is compared: in lower case by Unicode, which lower() is not under every locale.';

CREATE UNIQUE INDEX parts_part_number_key ON parts (org_id, part_number_key) WHERE archived_at IS NULL;
CREATE INDEX idx_parts_org ON parts (org_id, id) WHERE archived_at IS NULL;

DO $$ BEGIN PERFORM amss_protect('parts'); END $$;

CREATE TABLE inventory (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    part_id uuid NOT NULL,
    location text,
    lot text,
    serial_number text,
    expiry_date date,
    quarantined boolean NOT NULL,
    quantity_on_hand bigint NOT NULL,
    quantity_reserved bigint NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT inventory_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT inventory_part_id_fkey FOREIGN KEY (org_id, part_id) REFERENCES parts (org_id, id),
    CONSTRAINT inventory_place_key UNIQUE NULLS NOT DISTINCT (org_id, part_id, location, lot, serial_number),
    CONSTRAINT inventory_quantity_check CHECK (
        quantity_reserved >= 0 AND quantity_reserved <= quantity_on_hand
    )
) WITH (fillfactor = 85);

CREATE INDEX idx_inventory_part ON inventory (org_id, part_id, id);

DO $$ BEGIN PERFORM amss_protect('inventory'); END $$;

CREATE TABLE inventory_movements (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    inventory_id uuid NOT NULL,
    kind text NOT NULL,
    quantity bigint NOT NULL,
    reason text NOT NULL,
    task_id uuid,
    occurred_at timestamptz NOT NULL,
    CONSTRAINT inventory_movements_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT inventory_movements_inventory_id_fkey FOREIGN KEY (org_id, inventory_id) REFERENCES inventory (org_id, id),
    CONSTRAINT inventory_movements_task_id_fkey FOREIGN KEY (org_id, task_id) REFERENCES tasks (org_id, id),
    CONSTRAINT inventory_movements_kind_check CHECK (kind IN ('received', 'adjusted', 'transferred', 'consumed'))
);

CREATE INDEX idx_inventory_movements_inventory ON inventory_movements (org_id, inventory_id, occurred_at, id);

DO $$ BEGIN PERFORM amss_protect('inventory_movements'); END $$;

CREATE TABLE part_reservations (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    part_id uuid NOT NULL,
    inventory_id uuid NOT NULL,
    quantity bigint NOT NULL,
    quantity_consumed bigint NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT part_reservations_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT part_reservations_task_id_fkey FOREIGN KEY (org_id, task_id) REFERENCES tasks (org_id, id),
    CONSTRAINT part_reservations_part_id_fkey FOREIGN KEY (org_id, part_id) REFERENCES parts (org_id, id),
    CONSTRAINT part_reservations_inventory_id_fkey FOREIGN KEY (org_id, inventory_id) REFERENCES inventory (org_id, id),
    CONSTRAINT part_reservations_status_check CHECK (status IN ('reserved', 'consumed', 'released'))
);

CREATE INDEX idx_part_reservations_task ON part_reservations (org_id, task_id, id);

DO $$ BEGIN PERFORM amss_protect('part_reservations'); END $$;
