SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TABLE outbox;
DROP FUNCTION amss_make_audit_partition(date);
DROP TABLE audit_logs;
