-- Indexes for the audit trail in the order of time by everything it is searched for, and for the reports.
--
-- Built in the migration's transaction and not concurrently: no release has these tables yet, so none is large.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, adding-field-with-default

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP INDEX idx_audit_logs_org_resource;
DROP INDEX idx_audit_logs_org_type;

CREATE INDEX idx_audit_logs_created ON audit_logs (org_id, created_at, id);
CREATE INDEX idx_audit_logs_org_resource ON audit_logs (org_id, resource_id, created_at, id);
CREATE INDEX idx_audit_logs_org_type ON audit_logs (org_id, resource_type, created_at, id);
CREATE INDEX idx_audit_logs_org_action ON audit_logs (org_id, action, created_at, id);
CREATE INDEX idx_audit_logs_org_actor ON audit_logs (org_id, actor_id, created_at, id);
CREATE INDEX idx_audit_logs_org_request ON audit_logs (org_id, request_id, created_at, id)
WHERE request_id IS NOT NULL;

-- Only what is immutable can be generated, and a cast from text to date depends on the session.
ALTER TABLE tasks ADD COLUMN completed_on date GENERATED ALWAYS AS (
    make_date(
        left(completion ->> 'completed_on', 4)::integer,
        substr(completion ->> 'completed_on', 6, 2)::integer,
        substr(completion ->> 'completed_on', 9, 2)::integer
    )
) STORED;

COMMENT ON COLUMN tasks.completed_on IS 'The day on which the work was done, as its completion says.';

CREATE INDEX idx_tasks_completed_on ON tasks (org_id, completed_on, id)
WHERE status = 'completed' AND voiding IS NULL;
CREATE INDEX idx_tasks_planned ON tasks (org_id, aircraft_id, id)
WHERE status IN ('scheduled', 'deferred', 'in_progress') AND (work ->> 'planned_start') IS NOT NULL;
CREATE INDEX idx_tasks_due_date ON tasks (org_id, due_at_date, id)
WHERE status IN ('scheduled', 'deferred', 'in_progress') AND due_at_date IS NOT NULL;
CREATE INDEX idx_parts_thresholds ON parts (org_id, id)
WHERE archived_at IS NULL AND (minimum_stock > 0 OR reorder_point IS NOT NULL);
CREATE INDEX idx_part_reservations_reserved ON part_reservations (org_id, id) WHERE status = 'reserved';
