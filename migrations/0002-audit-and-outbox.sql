-- What is written beside every change: the audit trail and the outbox.
--
-- Neither references organizations: every writer of an organization would lock its one row, and row-level security
-- admits no other organization's id. Whoever did something is kept by value.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE audit_logs (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid,
    actor_kind text NOT NULL,
    actor_id text NOT NULL,
    actor_name text NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid NOT NULL,
    action text NOT NULL,
    version bigint NOT NULL,
    changes jsonb NOT NULL,
    data jsonb NOT NULL,
    reason text,
    request_id text,
    address text,
    created_at timestamptz NOT NULL,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    CONSTRAINT audit_logs_pkey PRIMARY KEY (org_id, id, created_at),
    CONSTRAINT audit_logs_actor_kind_check CHECK (actor_kind IN ('user', 'api_key', 'system'))
) PARTITION BY RANGE (created_at);

COMMENT ON COLUMN audit_logs.created_at IS 'When it happened.';
COMMENT ON COLUMN audit_logs.user_id IS 'The user who did it, if it was one; not a reference, since users go and entries stay.';
COMMENT ON COLUMN audit_logs.txid IS 'The transaction that wrote it: those below the snapshot horizon are complete.';

CREATE INDEX idx_audit_logs_org_resource ON audit_logs (org_id, resource_id, id);
CREATE INDEX idx_audit_logs_org_type ON audit_logs (org_id, resource_type, id);

CREATE TRIGGER audit_logs_append_only
BEFORE UPDATE OR DELETE ON audit_logs
FOR EACH ROW EXECUTE FUNCTION amss_refuse_change();

CREATE TRIGGER audit_logs_no_truncate
BEFORE TRUNCATE ON audit_logs
FOR EACH STATEMENT EXECUTE FUNCTION amss_refuse_change();

DO $$ BEGIN PERFORM amss_protect('audit_logs'); END $$;

CREATE TABLE audit_logs_default PARTITION OF audit_logs DEFAULT;

CREATE TRIGGER audit_logs_no_truncate
BEFORE TRUNCATE ON audit_logs_default
FOR EACH STATEMENT EXECUTE FUNCTION amss_refuse_change();

DO $$ BEGIN PERFORM amss_protect('audit_logs_default'); END $$;

CREATE FUNCTION amss_make_audit_partition(day date)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    first_day CONSTANT timestamp := date_trunc('month', day::timestamp);
    starts CONSTANT timestamptz := first_day AT TIME ZONE 'UTC';
    ends CONSTANT timestamptz := (first_day + interval '1 month') AT TIME ZONE 'UTC';
    partition CONSTANT text := to_char(first_day, '"audit_logs_"YYYY_MM');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('amss_make_audit_partition'));
    IF to_regclass(partition) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE audit_logs INCLUDING ALL)', partition);
    EXECUTE format(
        'CREATE TRIGGER audit_logs_no_truncate BEFORE TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION amss_refuse_change()',
        partition
    );
    PERFORM amss_protect(partition::regclass);
    -- Entries of this month that came before its partition; append-only stands aside for moving them.
    LOCK TABLE audit_logs_default IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM audit_logs_default WHERE created_at >= starts AND created_at < ends) THEN
        ALTER TABLE audit_logs_default DISABLE TRIGGER audit_logs_append_only;
        EXECUTE format(
            'WITH moved AS (DELETE FROM audit_logs_default WHERE created_at >= $1 AND created_at < $2 RETURNING *)'
            ' INSERT INTO %I SELECT * FROM moved',
            partition
        ) USING starts, ends;
        ALTER TABLE audit_logs_default ENABLE TRIGGER audit_logs_append_only;
    END IF;
    EXECUTE format(
        'ALTER TABLE audit_logs ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, starts, ends
    );
    RETURN true;
END
$$;

COMMENT ON FUNCTION amss_make_audit_partition(date) IS
'Makes the audit partition of the month that the day lies in (UTC), unless there is one; tells whether it did.';

REVOKE ALL ON FUNCTION amss_make_audit_partition(date) FROM PUBLIC;

CREATE TABLE outbox (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    txid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    event_type text NOT NULL,
    aggregate_id uuid NOT NULL,
    version bigint NOT NULL,
    payload jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    published_at timestamptz,
    CONSTRAINT outbox_pkey PRIMARY KEY (org_id, id)
);

COMMENT ON COLUMN outbox.seq IS
'Grows in the order recorded for each aggregate, whose row is held by then; between aggregates it has gaps and overtakes.';
COMMENT ON COLUMN outbox.created_at IS 'When it happened.';

CREATE INDEX idx_outbox_unpublished ON outbox (seq) WHERE published_at IS NULL;
CREATE INDEX idx_outbox_org_unpublished ON outbox (org_id, seq) WHERE published_at IS NULL;

DO $$ BEGIN PERFORM amss_protect('outbox'); END $$;
