-- Aircraft and the ledgers of their usage.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE aircraft (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    registration text NOT NULL,
    registration_key text NOT NULL,
    serial_number text,
    model text,
    model_key text,
    manufacturer text,
    in_service_date date,
    utilisation jsonb NOT NULL,
    current_hours numeric(14, 2) NOT NULL,
    current_cycles bigint NOT NULL,
    head jsonb NOT NULL,
    metadata jsonb,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT aircraft_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT aircraft_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id)
) WITH (fillfactor = 85);

COMMENT ON COLUMN aircraft.registration_key IS
'The registration as it is compared: in lower case by Unicode, which lower() is not under every locale.';
COMMENT ON COLUMN aircraft.model_key IS 'The model as it is compared: case folded by Unicode.';
COMMENT ON COLUMN aircraft.head IS 'The sum of the usage ledger, exact; current_hours and current_cycles are read from it.';

CREATE UNIQUE INDEX aircraft_registration_key ON aircraft (org_id, registration_key) WHERE archived_at IS NULL;
CREATE INDEX idx_aircraft_org ON aircraft (org_id, id) WHERE archived_at IS NULL;
CREATE INDEX idx_aircraft_model ON aircraft (org_id, model_key, id) WHERE archived_at IS NULL;

DO $$ BEGIN PERFORM amss_protect('aircraft'); END $$;

CREATE TABLE usage_entries (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    aircraft_id uuid NOT NULL,
    position bigint NOT NULL,
    occurred_on date NOT NULL,
    recorded_at timestamptz NOT NULL,
    kind text NOT NULL,
    deltas jsonb NOT NULL,
    faces jsonb NOT NULL,
    corrects uuid,
    corrects_position bigint,
    reason text,
    source text NOT NULL,
    external_id text,
    CONSTRAINT usage_entries_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT usage_entries_aircraft_id_fkey FOREIGN KEY (org_id, aircraft_id) REFERENCES aircraft (org_id, id),
    CONSTRAINT usage_entries_corrects_fkey FOREIGN KEY (org_id, corrects) REFERENCES usage_entries (org_id, id),
    CONSTRAINT usage_entries_position_key UNIQUE (org_id, aircraft_id, position),
    CONSTRAINT usage_entries_position_check CHECK (position >= 1),
    CONSTRAINT usage_entries_kind_check CHECK (
        kind IN ('opening', 'delta', 'reading', 'correction', 'meter_replacement')
    )
);

CREATE UNIQUE INDEX usage_entries_external_id_key ON usage_entries (org_id, aircraft_id, external_id)
WHERE external_id IS NOT NULL;

CREATE INDEX idx_usage_entries_corrections ON usage_entries (org_id, aircraft_id, position)
WHERE kind = 'correction';

DO $$ BEGIN PERFORM amss_protect('usage_entries'); END $$;
