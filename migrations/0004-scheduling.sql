-- Programs, the links that put them on aircraft, and tasks.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE programs (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    name_key text NOT NULL,
    description text,
    interval_type text,
    interval_value bigint,
    reference text,
    kind text NOT NULL,
    mandatory boolean NOT NULL,
    requirement jsonb NOT NULL,
    preset text,
    applies_to text NOT NULL,
    model text,
    model_key text,
    links_count_from text NOT NULL,
    horizon_percent numeric,
    last_occurrence bigint,
    priority text NOT NULL,
    estimated_hours numeric,
    required_parts jsonb NOT NULL,
    checklist jsonb NOT NULL,
    revision bigint NOT NULL,
    spreading boolean NOT NULL,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT programs_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT programs_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id),
    CONSTRAINT programs_interval_check CHECK (
        interval_type IN ('hours', 'cycles', 'days') AND interval_value > 0
        OR interval_type IS NULL AND interval_value IS NULL
    ),
    CONSTRAINT programs_applies_to_check CHECK (applies_to IN ('listed', 'model', 'all')),
    CONSTRAINT programs_links_count_from_check CHECK (links_count_from IN ('last_completed', 'now', 'new', 'unknown')),
    CONSTRAINT programs_priority_check CHECK (priority IN ('routine', 'urgent', 'aog'))
);

COMMENT ON COLUMN programs.name_key IS
'The name as it is compared: in lower case by Unicode, which lower() is not under every locale.';
COMMENT ON COLUMN programs.interval_type IS
'With interval_value, the requirement of a program of one limit in hours, cycles or days with default policy; NULL for any other.';

CREATE UNIQUE INDEX programs_name_key ON programs (org_id, name_key) WHERE archived_at IS NULL;
CREATE INDEX idx_programs_org ON programs (org_id, id) WHERE archived_at IS NULL;
CREATE INDEX idx_programs_covering ON programs (org_id, applies_to, model_key) WHERE archived_at IS NULL;
CREATE INDEX idx_programs_spreading ON programs (org_id, id) WHERE spreading;

DO $$ BEGIN PERFORM amss_protect('programs'); END $$;

CREATE TABLE aircraft_programs (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    aircraft_id uuid NOT NULL,
    program_id uuid NOT NULL,
    counts_from text NOT NULL,
    baseline jsonb,
    baseline_note text NOT NULL,
    standing jsonb NOT NULL,
    last_done jsonb,
    last_completed_hours numeric(14, 2),
    last_completed_cycles bigint,
    last_completed_date date,
    completions bigint NOT NULL,
    due jsonb NOT NULL,
    generation text NOT NULL,
    wake_on date,
    revision bigint NOT NULL,
    ended_at timestamptz,
    end_reason text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT aircraft_programs_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT aircraft_programs_aircraft_id_fkey FOREIGN KEY (org_id, aircraft_id) REFERENCES aircraft (org_id, id),
    CONSTRAINT aircraft_programs_program_id_fkey FOREIGN KEY (org_id, program_id) REFERENCES programs (org_id, id),
    CONSTRAINT aircraft_programs_pair_key UNIQUE (org_id, program_id, aircraft_id),
    CONSTRAINT aircraft_programs_counts_from_check CHECK (counts_from IN ('last_completed', 'now', 'new', 'unknown')),
    CONSTRAINT aircraft_programs_generation_check CHECK (generation IN ('pending', 'open', 'waiting', 'ended'))
) WITH (fillfactor = 85);

COMMENT ON COLUMN aircraft_programs.last_completed_date IS
'With the hours and cycles beside it, the last accomplishment known: the last completion, else the baseline if it was one.';

CREATE INDEX idx_aircraft_programs_aircraft ON aircraft_programs (org_id, aircraft_id, id);
CREATE INDEX idx_aircraft_programs_pending ON aircraft_programs (org_id, aircraft_id, id)
WHERE generation = 'pending';
CREATE INDEX idx_aircraft_programs_waiting ON aircraft_programs (org_id, wake_on)
WHERE generation = 'waiting' AND wake_on IS NOT NULL;
CREATE INDEX idx_aircraft_programs_revision ON aircraft_programs (org_id, program_id, revision)
WHERE ended_at IS NULL;

DO $$ BEGIN PERFORM amss_protect('aircraft_programs'); END $$;

CREATE TABLE tasks (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    aircraft_id uuid NOT NULL,
    program_id uuid,
    link_id uuid,
    work jsonb NOT NULL,
    status text NOT NULL,
    due jsonb NOT NULL,
    due_at_hours numeric(14, 2),
    due_at_cycles bigint,
    due_at_date date,
    driver text,
    due_status text NOT NULL,
    next_change_on date,
    assigned_to uuid,
    started_at timestamptz,
    completion jsonb,
    completed_at timestamptz,
    completed_by uuid,
    completed_at_hours numeric(14, 2),
    completed_at_cycles bigint,
    completion_notes text,
    cancel_reason text,
    voiding jsonb,
    replaces uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT tasks_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT tasks_aircraft_id_fkey FOREIGN KEY (org_id, aircraft_id) REFERENCES aircraft (org_id, id),
    CONSTRAINT tasks_program_id_fkey FOREIGN KEY (org_id, program_id) REFERENCES programs (org_id, id),
    CONSTRAINT tasks_link_id_fkey FOREIGN KEY (org_id, link_id) REFERENCES aircraft_programs (org_id, id),
    CONSTRAINT tasks_assigned_to_fkey FOREIGN KEY (org_id, assigned_to) REFERENCES users (org_id, id),
    CONSTRAINT tasks_completed_by_fkey FOREIGN KEY (org_id, completed_by) REFERENCES users (org_id, id),
    CONSTRAINT tasks_replaces_fkey FOREIGN KEY (org_id, replaces) REFERENCES tasks (org_id, id),
    CONSTRAINT tasks_status_check CHECK (status IN ('scheduled', 'in_progress', 'completed', 'cancelled')),
    CONSTRAINT tasks_due_status_check CHECK (
        due_status IN ('ok', 'due_soon', 'due', 'in_tolerance', 'overdue', 'unknown')
    )
) WITH (fillfactor = 85);

COMMENT ON COLUMN tasks.due_at_hours IS
'With due_at_cycles and due_at_date, the earliest of the due points in that unit; `due` holds all of them, exact.';
COMMENT ON COLUMN tasks.due_status IS 'The due status last announced.';

CREATE UNIQUE INDEX tasks_open_link_key ON tasks (org_id, link_id) WHERE status IN ('scheduled', 'in_progress');
CREATE INDEX idx_tasks_org_status ON tasks (org_id, status, id);
CREATE INDEX idx_tasks_aircraft ON tasks (org_id, aircraft_id, id);
CREATE INDEX idx_tasks_aircraft_open ON tasks (org_id, aircraft_id, id) WHERE status IN ('scheduled', 'in_progress');
CREATE INDEX idx_tasks_program ON tasks (org_id, program_id, id);
CREATE INDEX idx_tasks_assigned ON tasks (org_id, assigned_to, id) WHERE assigned_to IS NOT NULL;
CREATE INDEX idx_tasks_completions ON tasks (org_id, link_id, id) WHERE status = 'completed' AND voiding IS NULL;
CREATE INDEX idx_tasks_next_change ON tasks (org_id, next_change_on) WHERE status IN ('scheduled', 'in_progress');

DO $$ BEGIN PERFORM amss_protect('tasks'); END $$;
