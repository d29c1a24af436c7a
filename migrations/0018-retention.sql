-- Letting go of what is no longer needed: found by the clock of each kind, and removed by functions of the owner's.
--
-- Built in the migration's transaction and not concurrently: no release has these tables yet, so none is large.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE INDEX idx_idempotency_keys_created ON idempotency_keys (created_at);
CREATE INDEX idx_sessions_expires ON sessions (expires_at);
CREATE INDEX idx_password_resets_created ON password_resets (created_at);
CREATE INDEX idx_alerts_resolved ON alerts (resolved_at) WHERE resolved_at IS NOT NULL;
CREATE INDEX idx_dead_letters_replayed ON dead_letters (replayed_at) WHERE replayed_at IS NOT NULL;

ALTER TABLE imports ADD COLUMN emptied_at timestamptz;

COMMENT ON COLUMN imports.emptied_at IS
'When its file and its rows were removed; what became of them stays as counts.';

CREATE INDEX idx_imports_full ON imports (finished_at) WHERE finished_at IS NOT NULL AND emptied_at IS NULL;
CREATE INDEX idx_imports_storage_key ON imports (storage_key) WHERE emptied_at IS NULL;

-- Each branch finds by one index what its clock has run out for, and passes over what somebody holds. How many it will
-- be is not known when it is planned: it is never so many that another join than one by key would be better.
CREATE FUNCTION amss_purge(what text, before timestamptz, wanted bigint, counting boolean)
RETURNS bigint
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    gone bigint;
BEGIN
    -- Whatever is asked for, what has to be kept stays.
    before := least(
        before,
        now() - CASE what
            WHEN 'idempotency keys' THEN interval '24 hours'
            WHEN 'sessions' THEN interval '30 days'
            WHEN 'password resets' THEN interval '7 days'
            WHEN 'resolved alerts' THEN interval '365 days'
        END
    );
    IF what = 'idempotency keys' AND counting THEN
        SELECT count(*) INTO gone
        FROM (SELECT FROM idempotency_keys WHERE created_at < before LIMIT wanted) AS old;
    ELSIF what = 'idempotency keys' THEN
        WITH old AS (
            SELECT org_id, scope, key
            FROM idempotency_keys
            WHERE created_at < before
            ORDER BY created_at
            LIMIT wanted
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM idempotency_keys AS kept
        USING old
        WHERE kept.org_id = old.org_id AND kept.scope = old.scope AND kept.key = old.key;
    ELSIF what = 'sessions' AND counting THEN
        SELECT count(*) INTO gone
        FROM (SELECT FROM sessions WHERE expires_at < before LIMIT wanted) AS old;
    ELSIF what = 'sessions' THEN
        WITH old AS (
            SELECT org_id, id
            FROM sessions
            WHERE expires_at < before
            ORDER BY expires_at
            LIMIT wanted
            FOR UPDATE SKIP LOCKED
        ),
        tokens AS (
            DELETE FROM refresh_tokens AS token
            USING old
            WHERE token.org_id = old.org_id AND token.session_id = old.id
        )
        DELETE FROM sessions AS kept
        USING old
        WHERE kept.org_id = old.org_id AND kept.id = old.id;
    ELSIF what = 'password resets' AND counting THEN
        SELECT count(*) INTO gone
        FROM (
            SELECT
            FROM password_resets
            WHERE created_at < before AND coalesce(used_at, expires_at, created_at) < before
            LIMIT wanted
        ) AS old;
    ELSIF what = 'password resets' THEN
        WITH old AS (
            SELECT org_id, id
            FROM password_resets
            WHERE created_at < before AND coalesce(used_at, expires_at, created_at) < before
            ORDER BY created_at
            LIMIT wanted
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM password_resets AS kept
        USING old
        WHERE kept.org_id = old.org_id AND kept.id = old.id;
    ELSIF what = 'resolved alerts' AND counting THEN
        SELECT count(*) INTO gone
        FROM (SELECT FROM alerts WHERE resolved_at < before AND status = 'resolved' LIMIT wanted) AS old;
    ELSIF what = 'resolved alerts' THEN
        WITH old AS (
            SELECT org_id, id
            FROM alerts
            WHERE resolved_at < before AND status = 'resolved'
            ORDER BY resolved_at
            LIMIT wanted
            FOR UPDATE SKIP LOCKED
        )
        DELETE FROM alerts AS kept
        USING old
        WHERE kept.org_id = old.org_id AND kept.id = old.id;
    ELSE
        RAISE EXCEPTION 'nothing is purged as %', what USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT counting THEN
        GET DIAGNOSTICS gone = ROW_COUNT;
    END IF;
    RETURN gone;
END
$$;

COMMENT ON FUNCTION amss_purge(text, timestamptz, bigint, boolean) IS
'Removes up to so many records of a kind of all organizations whose clock started before then, or counts them.';

CREATE FUNCTION amss_purge_import_rows(organization uuid, import uuid, wanted bigint)
RETURNS bigint
LANGUAGE sql
VOLATILE
SECURITY DEFINER
SET search_path = public, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
    WITH old AS (
        SELECT import_rows.org_id, import_rows.import_id, import_rows.attempt, import_rows.last_number
        FROM import_rows
        INNER JOIN imports ON imports.org_id = import_rows.org_id AND imports.id = import_rows.import_id
        WHERE import_rows.org_id = organization AND import_rows.import_id = import AND imports.finished_at IS NOT NULL
        LIMIT wanted
    ),
    gone AS (
        DELETE FROM import_rows AS kept
        USING old
        WHERE
            kept.org_id = old.org_id
            AND kept.import_id = old.import_id
            AND kept.attempt = old.attempt
            AND kept.last_number = old.last_number
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;

COMMENT ON FUNCTION amss_purge_import_rows(uuid, uuid, bigint) IS
'Removes up to so many rows of an import that is finished, and counts them.';

-- Whatever moment is asked for, none is later than now: nobody gets at what is to be kept.
CREATE FUNCTION amss_audit_months_past(moment timestamptz)
RETURNS SETOF date
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT parts.month
    FROM (
        SELECT to_date(right(partition.relname, 7), 'YYYY_MM') AS month
        FROM pg_inherits
        INNER JOIN pg_class AS partition ON partition.oid = pg_inherits.inhrelid
        WHERE pg_inherits.inhparent = 'audit_logs'::regclass AND partition.relname ~ '^audit_logs_[0-9]{4}_[0-9]{2}$'
    ) AS parts
    WHERE
        (parts.month + interval '1 month')::date + (
            SELECT greatest(1096, max((policy ->> 'audit_retention_days')::integer)) FROM organizations
        ) <= (least(moment, now()) AT TIME ZONE 'UTC')::date
    ORDER BY parts.month
$$;

COMMENT ON FUNCTION amss_audit_months_past(timestamptz) IS
'The months with a partition of which every entry is older than the longest that any organization keeps its trail.';

CREATE FUNCTION amss_audit_entries(month date)
RETURNS bigint
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
DECLARE
    found bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %I', to_char(month, '"audit_logs_"YYYY_MM')) INTO found;
    RETURN found;
END
$$;

COMMENT ON FUNCTION amss_audit_entries(date) IS
'How many entries the audit partition of a month has; nothing else of them.';

CREATE FUNCTION amss_audit_lines(month date, after_org uuid, after_id uuid, wanted bigint)
RETURNS TABLE (org_id uuid, id uuid, line text)
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
    IF month NOT IN (SELECT amss_audit_months_past(now())) THEN
        RAISE EXCEPTION 'the audit trail of % is to be kept', to_char(month, 'YYYY-MM')
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT entry.org_id, entry.id, (to_jsonb(entry) - ''txid'')::text FROM %I AS entry'
        ' WHERE (entry.org_id, entry.id) > ($1, $2) ORDER BY entry.org_id, entry.id LIMIT $3',
        to_char(month, '"audit_logs_"YYYY_MM')
    ) USING after_org, after_id, wanted;
END
$$;

COMMENT ON FUNCTION amss_audit_lines(date, uuid, uuid, bigint) IS
'Entries of a month that nobody has to keep any more, as JSON, so that they can be put elsewhere before they go.';

CREATE FUNCTION amss_drop_audit_partition(month date, entries bigint)
RETURNS boolean
LANGUAGE plpgsql
SECURITY DEFINER
SET search_path = public, pg_temp
SET lock_timeout = '2s'
AS $$
DECLARE
    partition CONSTANT text := to_char(month, '"audit_logs_"YYYY_MM');
    found bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('amss_make_audit_partition'));
    IF to_regclass(partition) IS NULL THEN
        RETURN false;
    END IF;
    IF month NOT IN (SELECT amss_audit_months_past(now())) THEN
        RAISE EXCEPTION 'the audit trail of % is to be kept', to_char(month, 'YYYY-MM')
            USING ERRCODE = 'restrict_violation';
    END IF;
    -- Readers go on meanwhile; only the moment of dropping has all wait, and no longer than lock_timeout.
    EXECUTE format('LOCK TABLE %I IN SHARE MODE', partition);
    EXECUTE format('SELECT count(*) FROM %I', partition) INTO found;
    IF found <> entries THEN
        RAISE EXCEPTION 'the audit trail of % has % entries, and % were exported', to_char(month, 'YYYY-MM'), found, entries
            USING ERRCODE = 'restrict_violation';
    END IF;
    EXECUTE format('DROP TABLE %I', partition);
    RETURN true;
END
$$;

COMMENT ON FUNCTION amss_drop_audit_partition(date, bigint) IS
'Drops the audit partition of a month that nobody has to keep any more, if it has exactly as many entries as were exported; tells whether it did.';

REVOKE ALL ON FUNCTION amss_purge(text, timestamptz, bigint, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION amss_purge_import_rows(uuid, uuid, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION amss_audit_months_past(timestamptz) FROM PUBLIC;
REVOKE ALL ON FUNCTION amss_audit_entries(date) FROM PUBLIC;
REVOKE ALL ON FUNCTION amss_audit_lines(date, uuid, uuid, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION amss_drop_audit_partition(date, bigint) FROM PUBLIC;
