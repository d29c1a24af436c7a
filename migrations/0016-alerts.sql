-- Alerts, and requests to set forgotten passwords by mail.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE alerts (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    severity text NOT NULL,
    subject_type text NOT NULL,
    subject_id uuid NOT NULL,
    title text NOT NULL,
    details jsonb NOT NULL,
    status text NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    acknowledged_note text,
    escalated_at timestamptz,
    resolved_at timestamptz,
    resolved_by text,
    resolved_note text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT alerts_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT alerts_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id),
    CONSTRAINT alerts_status_check CHECK (status IN ('open', 'acknowledged', 'resolved'))
) WITH (fillfactor = 85);

COMMENT ON COLUMN alerts.subject_id IS
'What it is about: no reference, since that is a task, a part, stock, an aircraft or a webhook.';
COMMENT ON COLUMN alerts.created_at IS 'When it was raised.';

CREATE UNIQUE INDEX alerts_unresolved_key ON alerts (org_id, subject_id, kind) WHERE status <> 'resolved';
CREATE INDEX idx_alerts_subject ON alerts (org_id, subject_id, kind);
CREATE INDEX idx_alerts_kind ON alerts (org_id, kind, id);
CREATE INDEX idx_alerts_status ON alerts (org_id, status, id);
CREATE INDEX idx_alerts_severity ON alerts (org_id, severity, id);
CREATE INDEX idx_alerts_unattended ON alerts (org_id, created_at, id)
WHERE status = 'open' AND escalated_at IS NULL AND severity <> 'info';
CREATE INDEX idx_alerts_unattended_anywhere ON alerts (created_at, org_id)
WHERE status = 'open' AND escalated_at IS NULL AND severity <> 'info';

DO $$ BEGIN PERFORM amss_protect('alerts'); END $$;

CREATE TABLE password_resets (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    digest bytea,
    expires_at timestamptz,
    tried_at timestamptz,
    mailed_at timestamptz,
    used_at timestamptz,
    created_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT password_resets_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT password_resets_user_id_fkey FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id),
    CONSTRAINT password_resets_digest_check CHECK ((digest IS NULL) = (expires_at IS NULL))
);

COMMENT ON COLUMN password_resets.digest IS 'Of the token in the mail sent last, which is kept nowhere.';

CREATE INDEX idx_password_resets_unused ON password_resets (org_id, user_id) WHERE used_at IS NULL;
CREATE INDEX idx_password_resets_unmailed ON password_resets (org_id, created_at, id)
WHERE mailed_at IS NULL AND used_at IS NULL;
CREATE INDEX idx_password_resets_unmailed_anywhere ON password_resets (created_at, org_id)
WHERE mailed_at IS NULL AND used_at IS NULL;

DO $$ BEGIN PERFORM amss_protect('password_resets'); END $$;

CREATE FUNCTION amss_organizations_to_escalate(before timestamptz, overdue_before timestamptz, wanted bigint)
RETURNS SETOF uuid
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT DISTINCT org_id
    FROM alerts
    WHERE
        status = 'open'
        AND escalated_at IS NULL
        AND severity <> 'info'
        AND created_at < greatest(before, overdue_before)
        AND created_at < CASE kind WHEN 'overdue' THEN overdue_before ELSE before END
    LIMIT wanted
$$;

COMMENT ON FUNCTION amss_organizations_to_escalate(timestamptz, timestamptz, bigint) IS
'The ids of organizations in which an alert has waited too long to be acknowledged; nothing else of them.';

CREATE FUNCTION amss_organizations_to_mail_resets(requested_after timestamptz, tried_before timestamptz, wanted bigint)
RETURNS SETOF uuid
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT DISTINCT org_id
    FROM password_resets
    WHERE
        mailed_at IS NULL
        AND used_at IS NULL
        AND created_at > requested_after
        AND (tried_at IS NULL OR tried_at <= tried_before)
    LIMIT wanted
$$;

COMMENT ON FUNCTION amss_organizations_to_mail_resets(timestamptz, timestamptz, bigint) IS
'The ids of organizations in which somebody waits for a mail to set a forgotten password; nothing else of them.';

REVOKE ALL ON FUNCTION amss_organizations_to_escalate(timestamptz, timestamptz, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION amss_organizations_to_mail_resets(timestamptz, timestamptz, bigint) FROM PUBLIC;
