-- What every tenant table stands on, and the organizations themselves with their users.
--
-- Row-level security is the second wall behind the `org_id` predicate of every statement. A transaction says which
-- organization it works for with set_config('amss.org_id', ..., true); without it nobody but the owner sees a row.
-- The owner is bound by FORCE too: the policy `owner` lets it maintain everything as long as it works for no
-- organization, so that a set-up with a single role has the same walls.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE FUNCTION amss_protect(target regclass)
RETURNS void
LANGUAGE plpgsql
AS $$
DECLARE
    tenant CONSTANT text := CASE target::text WHEN 'organizations' THEN 'id' ELSE 'org_id' END;
    mine CONSTANT text := '(SELECT nullif(current_setting(''amss.org_id'', true), '''')::uuid)';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY tenant ON %s USING (%I = %s) WITH CHECK (%I = %s)', target, tenant, mine, tenant, mine
    );
    EXECUTE format(
        'CREATE POLICY owner ON %s TO CURRENT_USER USING (%s IS NULL) WITH CHECK (%s IS NULL)', target, mine, mine
    );
END
$$;

COMMENT ON FUNCTION amss_protect(regclass) IS
'Puts a table behind row-level security: rows of the organization the transaction works for, all for an owner who works for none.';

CREATE FUNCTION amss_expect_one(hits bigint)
RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF hits <> 1 THEN
        RAISE EXCEPTION 'expected one row, found %', hits
            USING ERRCODE = 'AM001';
    END IF;
END
$$;

COMMENT ON FUNCTION amss_expect_one(bigint) IS
'Aborts the transaction with SQLSTATE AM001 unless a guarded update hit its one row.';

CREATE FUNCTION amss_refuse_change()
RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: no % is possible', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END
$$;

COMMENT ON FUNCTION amss_refuse_change() IS
'Trigger that refuses whatever would change or remove rows, whoever tries.';

CREATE TABLE organizations (
    id uuid NOT NULL,
    slug text COLLATE "C" NOT NULL,
    name text NOT NULL,
    policy jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT organizations_pkey PRIMARY KEY (id),
    CONSTRAINT organizations_slug_key UNIQUE (slug)
);

DO $$ BEGIN PERFORM amss_protect('organizations'); END $$;

CREATE TABLE users (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    email text COLLATE "C" NOT NULL,
    email_key text NOT NULL,
    name text NOT NULL,
    password_hash text,
    role text NOT NULL,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT users_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT users_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id),
    CONSTRAINT users_email_key UNIQUE (org_id, email_key),
    CONSTRAINT users_role_check CHECK (
        role IN ('system_admin', 'admin', 'planner', 'technician', 'compliance_officer', 'viewer')
    )
);

COMMENT ON COLUMN users.email_key IS
'The address as it is compared: in lower case by Unicode, which lower() is not under every locale.';

DO $$ BEGIN PERFORM amss_protect('users'); END $$;

-- The only ways across organizations: they give ids and nothing else.

CREATE FUNCTION amss_organization_id(wanted text)
RETURNS uuid
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT id
    FROM organizations
    WHERE slug = wanted
$$;

COMMENT ON FUNCTION amss_organization_id(text) IS
'The id of the organization with that slug; nothing else of it.';

CREATE FUNCTION amss_organization_ids()
RETURNS SETOF uuid
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT id
    FROM organizations
    ORDER BY slug
$$;

COMMENT ON FUNCTION amss_organization_ids() IS
'The ids of all organizations, by slug; nothing else of them.';

REVOKE ALL ON FUNCTION amss_protect(regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION amss_organization_id(text) FROM PUBLIC;
REVOKE ALL ON FUNCTION amss_organization_ids() FROM PUBLIC;
