-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, ban-drop-column
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP INDEX idx_tasks_closed;
ALTER TABLE tasks DROP COLUMN closed_at;
DROP INDEX idx_aircraft_programs_program_pending;
DROP INDEX idx_aircraft_programs_listed_aircraft;
DROP INDEX idx_aircraft_programs_listed_program;
DROP INDEX idx_aircraft_programs_listed;
DROP INDEX idx_programs_name;
DROP INDEX idx_programs_kind;
DROP INDEX idx_programs_listed;

CREATE INDEX idx_programs_org ON programs (org_id, id) WHERE archived_at IS NULL;
