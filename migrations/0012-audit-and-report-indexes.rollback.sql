-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, ban-drop-column
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP INDEX idx_part_reservations_reserved;
DROP INDEX idx_parts_thresholds;
DROP INDEX idx_tasks_due_date;
DROP INDEX idx_tasks_planned;
ALTER TABLE tasks DROP COLUMN completed_on;
DROP INDEX idx_audit_logs_org_request;
DROP INDEX idx_audit_logs_org_actor;
DROP INDEX idx_audit_logs_org_action;
DROP INDEX idx_audit_logs_org_type;
DROP INDEX idx_audit_logs_org_resource;
DROP INDEX idx_audit_logs_created;

CREATE INDEX idx_audit_logs_org_resource ON audit_logs (org_id, resource_id, id);
CREATE INDEX idx_audit_logs_org_type ON audit_logs (org_id, resource_type, id);
