-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, ban-drop-column
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TABLE task_dependencies;
DROP TABLE task_labour;
DROP TABLE task_notes;

DROP INDEX idx_tasks_status_updated;
DROP INDEX idx_tasks_status_due;
DROP INDEX idx_tasks_priority;
DROP INDEX idx_tasks_kind;
DROP INDEX idx_tasks_due_status;
DROP INDEX idx_tasks_assigned_open;
DROP INDEX idx_tasks_unassigned;
DROP INDEX idx_tasks_next_change;
DROP INDEX idx_tasks_aircraft_open;
DROP INDEX tasks_open_link_key;

-- What was put off is to be done by its own limit again.
UPDATE tasks SET status = 'scheduled'
WHERE status = 'deferred';

ALTER TABLE tasks
DROP COLUMN priority,
DROP COLUMN kind,
DROP COLUMN due_key,
DROP COLUMN deferral,
DROP CONSTRAINT tasks_status_check,
ADD CONSTRAINT tasks_status_check CHECK (status IN ('scheduled', 'in_progress', 'completed', 'cancelled'));

COMMENT ON COLUMN tasks.due_at_hours IS
'With due_at_cycles and due_at_date, the earliest of the due points in that unit; `due` holds all of them, exact.';

CREATE UNIQUE INDEX tasks_open_link_key ON tasks (org_id, link_id) WHERE status IN ('scheduled', 'in_progress');
CREATE INDEX idx_tasks_aircraft_open ON tasks (org_id, aircraft_id, id) WHERE status IN ('scheduled', 'in_progress');
CREATE INDEX idx_tasks_next_change ON tasks (org_id, next_change_on) WHERE status IN ('scheduled', 'in_progress');

ALTER TABLE programs DROP COLUMN is_deferrable;
