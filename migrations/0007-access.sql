-- Sessions with their refresh tokens, API keys, and what lists of users and organizations are read from.
--
-- Indexes are built in the migration's transaction and not concurrently: no release has these tables yet.
-- squawk-ignore-file require-concurrent-index-creation

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE INDEX idx_users_email ON users (org_id, email_key COLLATE "C", id);
CREATE INDEX idx_users_role ON users (org_id, role, id);
CREATE INDEX idx_users_role_email ON users (org_id, role, email_key COLLATE "C", id);
CREATE INDEX idx_users_active_admins ON users (org_id) WHERE active AND role = 'admin';

CREATE TABLE sessions (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT sessions_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT sessions_user_id_fkey FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

CREATE INDEX idx_sessions_user ON sessions (org_id, user_id) WHERE revoked_at IS NULL;

DO $$ BEGIN PERFORM amss_protect('sessions'); END $$;

CREATE TABLE refresh_tokens (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    session_id uuid NOT NULL,
    digest bytea NOT NULL,
    spent_at timestamptz,
    successor_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT refresh_tokens_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT refresh_tokens_session_id_fkey FOREIGN KEY (org_id, session_id) REFERENCES sessions (org_id, id),
    CONSTRAINT refresh_tokens_spent_check CHECK ((spent_at IS NULL) = (successor_id IS NULL))
);

COMMENT ON COLUMN refresh_tokens.digest IS 'Of the text, which is kept nowhere.';
COMMENT ON COLUMN refresh_tokens.successor_id IS 'The token that came for this one; not a reference, since both are written at once.';

CREATE INDEX idx_refresh_tokens_session ON refresh_tokens (org_id, session_id);

DO $$ BEGIN PERFORM amss_protect('refresh_tokens'); END $$;

CREATE TABLE api_keys (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    permissions jsonb NOT NULL,
    created_by uuid NOT NULL,
    digest bytea NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT api_keys_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT api_keys_created_by_fkey FOREIGN KEY (org_id, created_by) REFERENCES users (org_id, id)
);

COMMENT ON COLUMN api_keys.prefix IS 'As much of the text as tells the key from others.';
COMMENT ON COLUMN api_keys.digest IS 'Of the text, which is kept nowhere.';

CREATE INDEX idx_api_keys_created_by ON api_keys (org_id, created_by, id);

DO $$ BEGIN PERFORM amss_protect('api_keys'); END $$;

CREATE FUNCTION amss_refuse_inactive(actor uuid)
RETURNS void
LANGUAGE plpgsql
STRICT
AS $$
BEGIN
    IF EXISTS (
        SELECT
        FROM users
        WHERE
            org_id = nullif(current_setting('amss.org_id', true), '')::uuid
            AND id = actor
            AND NOT active
            -- Whoever gives up their own access may still say so.
            AND xmin IS DISTINCT FROM pg_current_xact_id_if_assigned()::xid
    ) THEN
        RAISE EXCEPTION 'the actor has been deactivated'
            USING ERRCODE = 'AM002';
    END IF;
END
$$;

COMMENT ON FUNCTION amss_refuse_inactive(uuid) IS
'Aborts the transaction with SQLSTATE AM002 when it works for a user who has been deactivated.';

CREATE FUNCTION amss_organization_page(by_slug boolean, last_first boolean, after uuid, wanted bigint)
RETURNS SETOF uuid
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
BEGIN
    -- Slugs hold lower case letters, digits and hyphens, which all sort after nothing and before a tilde.
    IF by_slug AND last_first THEN
        RETURN QUERY
        SELECT id FROM organizations
        WHERE slug < CASE WHEN after IS NULL THEN '~' ELSE (SELECT slug FROM organizations WHERE id = after) END
        ORDER BY slug DESC
        LIMIT wanted;
    ELSIF by_slug THEN
        RETURN QUERY
        SELECT id FROM organizations
        WHERE slug > CASE WHEN after IS NULL THEN '' ELSE (SELECT slug FROM organizations WHERE id = after) END
        ORDER BY slug
        LIMIT wanted;
    ELSIF last_first THEN
        RETURN QUERY
        SELECT id FROM organizations
        WHERE id < coalesce(after, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
        ORDER BY id DESC
        LIMIT wanted;
    ELSE
        RETURN QUERY
        SELECT id FROM organizations
        WHERE id > coalesce(after, '00000000-0000-0000-0000-000000000000')
        ORDER BY id
        LIMIT wanted;
    END IF;
END
$$;

COMMENT ON FUNCTION amss_organization_page(boolean, boolean, uuid, bigint) IS
'The ids of some organizations after one, by slug or by id; nothing else of them.';

REVOKE ALL ON FUNCTION amss_organization_page(boolean, boolean, uuid, bigint) FROM PUBLIC;
