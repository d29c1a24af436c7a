-- Indexes for the lists of programs and links, and the history of aircraft.
--
-- Built in the migration's transaction and not concurrently: no release has these tables yet, so none is large.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, adding-field-with-default

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP INDEX idx_programs_org;

CREATE INDEX idx_programs_listed ON programs (org_id, (archived_at IS NOT NULL), id);
CREATE INDEX idx_programs_kind ON programs (org_id, (archived_at IS NOT NULL), kind, id);
CREATE INDEX idx_programs_name ON programs (org_id, (archived_at IS NOT NULL), name_key COLLATE "C", id);

CREATE INDEX idx_aircraft_programs_listed ON aircraft_programs (org_id, (ended_at IS NOT NULL), id);
CREATE INDEX idx_aircraft_programs_listed_program ON aircraft_programs (
    org_id, (ended_at IS NOT NULL), program_id, id
);
CREATE INDEX idx_aircraft_programs_listed_aircraft ON aircraft_programs (
    org_id, (ended_at IS NOT NULL), aircraft_id, id
);
CREATE INDEX idx_aircraft_programs_program_pending ON aircraft_programs (org_id, program_id, aircraft_id, id)
WHERE generation = 'pending';

ALTER TABLE tasks ADD COLUMN closed_at timestamptz GENERATED ALWAYS AS (
    CASE status WHEN 'completed' THEN completed_at WHEN 'cancelled' THEN updated_at END
) STORED;

COMMENT ON COLUMN tasks.closed_at IS 'When the work was recorded as done, or cancelled; NULL while it is open.';

CREATE INDEX idx_tasks_closed ON tasks (org_id, aircraft_id, closed_at, id) WHERE closed_at IS NOT NULL;
