-- What every `amss migrate up` puts right, also when there was nothing to migrate: who may do what, and audit partitions.
--
-- Roles that do not exist are passed over, so a set-up with a single role needs none of them.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DO $$
DECLARE
    role text;
    queue text;
BEGIN
    FOREACH role IN ARRAY ARRAY['amss_app', 'amss_worker'] LOOP
        CONTINUE WHEN to_regrole(role) IS NULL OR role = current_user;
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', current_schema(), role);
        EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %I', current_schema(), role);
        EXECUTE format(
            'GRANT SELECT, INSERT, UPDATE ON organizations, users, aircraft, programs, aircraft_programs, tasks, parts,'
            ' alerts, password_resets, imports, webhooks, webhook_health, webhook_deliveries,'
            ' task_dependencies, inventory, part_reservations, idempotency_keys, sessions, refresh_tokens, api_keys TO %I',
            role
        );
        EXECUTE format(
            'GRANT SELECT, INSERT ON usage_entries, inventory_movements, task_notes, task_labour, import_rows, audit_logs, outbox TO %I',
            role
        );
        EXECUTE format('GRANT SELECT ON webhook_attempts TO %I', role);
        EXECUTE format(
            'GRANT EXECUTE ON FUNCTION amss_organization_id(text), amss_organization_ids(),'
            ' amss_organization_page(boolean, boolean, uuid, bigint) TO %I',
            role
        );
    END LOOP;
    -- The worker empties the queues of all organizations and makes partitions; all else it does as one of them.
    IF to_regrole('amss_worker') IS NOT NULL AND current_user <> 'amss_worker' THEN
        GRANT UPDATE, DELETE ON outbox TO amss_worker;
        GRANT SELECT, INSERT, UPDATE, DELETE ON inbox, dead_letters, letters TO amss_worker;
        GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_claims TO amss_worker;
        GRANT DELETE ON webhook_deliveries TO amss_worker;
        GRANT INSERT, DELETE ON webhook_attempts TO amss_worker;
        GRANT EXECUTE ON FUNCTION amss_webhook_attempts(uuid []) TO amss_worker;
        GRANT SELECT, INSERT, UPDATE ON job_leases, job_runs TO amss_worker;
        GRANT EXECUTE ON FUNCTION amss_make_audit_partition(date) TO amss_worker;
        GRANT DELETE ON job_runs TO amss_worker;
        GRANT EXECUTE ON FUNCTION amss_purge(text, timestamptz, bigint, boolean),
            amss_purge_import_rows(uuid, uuid, bigint), amss_audit_months_past(timestamptz), amss_audit_entries(date),
            amss_audit_lines(date, uuid, uuid, bigint), amss_drop_audit_partition(date, bigint) TO amss_worker;
        GRANT EXECUTE ON FUNCTION amss_organizations_to_escalate(timestamptz, timestamptz, bigint),
            amss_organizations_to_mail_resets(timestamptz, timestamptz, bigint) TO amss_worker;
        GRANT EXECUTE ON FUNCTION amss_organizations_to_generate(timestamptz, uuid, bigint),
            amss_organizations_to_announce(timestamptz, uuid, bigint) TO amss_worker;
        FOREACH queue IN ARRAY ARRAY[
            'outbox', 'inbox', 'dead_letters', 'webhook_health', 'webhook_deliveries', 'webhook_claims', 'webhook_attempts',
            'imports', 'letters'
        ] LOOP
            EXECUTE format('DROP POLICY IF EXISTS queue ON %I', queue);
            EXECUTE format('CREATE POLICY queue ON %I TO amss_worker USING (true) WITH CHECK (true)', queue);
        END LOOP;
        DROP POLICY IF EXISTS queue ON webhooks;
        CREATE POLICY queue ON webhooks FOR SELECT TO amss_worker USING (true);
    END IF;
    IF to_regrole('amss_app') IS NOT NULL AND current_user <> 'amss_app' THEN
        GRANT SELECT ON job_runs TO amss_app;
    END IF;
    FOR months IN 0..3 LOOP
        PERFORM amss_make_audit_partition((now() AT TIME ZONE 'UTC' + make_interval(months => months))::date);
    END LOOP;
END
$$;
