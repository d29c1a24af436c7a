-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, ban-drop-column
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TABLE job_runs;
DROP TABLE job_leases;
DROP TABLE dead_letters;
DROP TABLE inbox;

DROP INDEX idx_outbox_fanned_out;
DROP INDEX idx_outbox_published;
DROP INDEX idx_outbox_aggregate_waiting;
DROP INDEX idx_outbox_waiting;
DROP INDEX idx_outbox_unpublished;

CREATE INDEX idx_outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;
CREATE INDEX idx_outbox_org_unpublished ON outbox (org_id, seq) WHERE published_at IS NULL;

ALTER TABLE outbox RESET (autovacuum_vacuum_scale_factor, autovacuum_vacuum_insert_scale_factor);

ALTER TABLE outbox
DROP COLUMN fanned_out_at,
DROP COLUMN lane;
