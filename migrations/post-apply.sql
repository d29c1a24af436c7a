-- What every `amss migrate up` puts right, also when there was nothing to migrate: who may do what, and audit partitions.
--
-- Roles that do not exist are passed over, so a set-up with a single role needs none of them.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['amss_app', 'amss_worker'] LOOP
        CONTINUE WHEN to_regrole(role) IS NULL OR role = current_user;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), role);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), role);
        EXECUTE format(
            'GRANT SELECT, INSERT, UPDATE ON organizations, users, aircraft, programs, aircraft_programs, tasks, parts,'
            ' task_dependencies, inventory, part_reservations, idempotency_keys, sessions, refresh_tokens, api_keys TO %I',
            role
        );
        EXECUTE format(
            'GRANT SELECT, INSERT ON usage_entries, inventory_movements, task_notes, task_labour, audit_logs, outbox TO %I',
            role
        );
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION amss_organization_id(text), amss_organization_ids(),'
            ' amss_organization_page(boolean, boolean, uuid, bigint) TO %I',
            role
        );
    END LOOP;
    -- The worker empties the queues of all organizations and makes partitions; all else it does as one of them.
    IF to_regrole('amss_worker') IS NOT NULL AND current_user <> 'amss_worker' THEN
        GRANT UPDATE, DELETE ON outbox TO amss_worker;
        GRANT EXECUTE ON FUNCTION amss_make_audit_partition(date) TO amss_worker;
        DROP POLICY IF EXISTS queue ON outbox;
        CREATE POLICY queue ON outbox TO amss_worker USING (true) WITH CHECK (true);
    END IF;
    FOR months IN 0..3 LOOP
        PERFORM amss_make_audit_partition((now() AT TIME ZONE 'UTC' + make_interval(months => months))::date);
    END LOOP;
END
$$;
