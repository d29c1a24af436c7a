-- The answers kept of commands that a client may send again.
--
-- Like the audit trail it does not reference organizations: every command with a key would lock its organization's row.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE idempotency_keys (
    org_id uuid NOT NULL,
    scope text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    answer bytea NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT idempotency_keys_pkey PRIMARY KEY (org_id, scope, key)
);

COMMENT ON COLUMN idempotency_keys.scope IS 'Who sent which command.';
COMMENT ON COLUMN idempotency_keys.fingerprint IS 'A digest of what was sent.';
COMMENT ON COLUMN idempotency_keys.created_at IS 'When the command came; a day later its key may be used again.';

DO $$ BEGIN PERFORM amss_protect('idempotency_keys'); END $$;
