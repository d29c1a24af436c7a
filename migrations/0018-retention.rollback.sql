-- squawk-ignore-file require-concurrent-index-deletion, ban-drop-column
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP FUNCTION amss_drop_audit_partition(date, bigint);
DROP FUNCTION amss_audit_lines(date, uuid, uuid, bigint);
DROP FUNCTION amss_audit_entries(date);
DROP FUNCTION amss_audit_months_past(timestamptz);
DROP FUNCTION amss_purge_import_rows(uuid, uuid, bigint);
DROP FUNCTION amss_purge(text, timestamptz, bigint, boolean);
DROP INDEX idx_imports_storage_key;
DROP INDEX idx_imports_full;
ALTER TABLE imports DROP COLUMN emptied_at;
DROP INDEX idx_dead_letters_replayed;
DROP INDEX idx_alerts_resolved;
DROP INDEX idx_password_resets_created;
DROP INDEX idx_sessions_expires;
DROP INDEX idx_idempotency_keys_created;
