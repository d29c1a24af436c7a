-- Webhooks, what is on its way to them, every attempt at it, and how they fare.
--
-- Deliveries copy what they carry from the outbox, which is emptied sooner. Dispatchers leave the rows of webhooks alone:
-- what changes with each delivery is in webhook_health, whose row is what they hold to have a webhook to themselves.

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE webhooks (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    url text NOT NULL,
    events text [] NOT NULL,
    description text NOT NULL,
    ordered boolean NOT NULL,
    secret text NOT NULL,
    secret_hint text NOT NULL,
    former_secret text,
    former_secret_hint text,
    former_until timestamptz,
    active boolean NOT NULL,
    disabled_at timestamptz,
    disabled_reason text,
    archived_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT webhooks_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT webhooks_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id),
    CONSTRAINT webhooks_url_check CHECK (char_length(url) BETWEEN 1 AND 2048),
    CONSTRAINT webhooks_former_secret_check CHECK ((former_secret IS NULL) = (former_secret_hint IS NULL)),
    CONSTRAINT webhooks_disabled_check CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL))
) WITH (fillfactor = 85);

COMMENT ON COLUMN webhooks.events IS 'Types of events, one of which may be an asterisk for all.';
COMMENT ON COLUMN webhooks.secret IS 'Sealed: it can be read with the key of the installation alone.';

CREATE INDEX idx_webhooks_listed ON webhooks (org_id, id) WHERE archived_at IS NULL;
-- Who is sent to at all: dispatchers skip from one of them to the next, whatever waits for others.
CREATE INDEX idx_webhooks_receiving ON webhooks (org_id, id)
WHERE active AND disabled_at IS NULL AND archived_at IS NULL;

DO $$ BEGIN PERFORM amss_protect('webhooks'); END $$;

CREATE TABLE webhook_health (
    org_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    consecutive_failures bigint NOT NULL DEFAULT 0,
    failing_since timestamptz,
    open_until timestamptz,
    opened bigint NOT NULL DEFAULT 0,
    last_success_at timestamptz,
    had_turn_at timestamptz NOT NULL DEFAULT '-infinity',
    turn uuid,
    CONSTRAINT webhook_health_pkey PRIMARY KEY (org_id, webhook_id),
    CONSTRAINT webhook_health_webhook_id_fkey FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks (org_id, id)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);

COMMENT ON TABLE webhook_health IS 'One row for each webhook, as old as the webhook.';
COMMENT ON COLUMN webhook_health.had_turn_at IS
'By the clock of the database: whoever had a turn longest ago has the next one.';
COMMENT ON COLUMN webhook_health.turn IS 'The claim that was made in that turn.';

DO $$ BEGIN PERFORM amss_protect('webhook_health'); END $$;

CREATE TABLE webhook_deliveries (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    aggregate_id uuid NOT NULL,
    version bigint NOT NULL,
    seq bigint NOT NULL,
    payload jsonb NOT NULL,
    occurred_at timestamptz NOT NULL,
    status text NOT NULL,
    attempts bigint NOT NULL,
    next_attempt_at timestamptz,
    last_attempt_at timestamptz,
    response_status bigint,
    response_body text,
    created_at timestamptz NOT NULL,
    finished_at timestamptz,
    held boolean NOT NULL DEFAULT false,
    CONSTRAINT webhook_deliveries_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT webhook_deliveries_event_key UNIQUE (org_id, event_id, webhook_id),
    CONSTRAINT webhook_deliveries_webhook_id_fkey FOREIGN KEY (org_id, webhook_id) REFERENCES webhooks (org_id, id),
    CONSTRAINT webhook_deliveries_status_check CHECK (status IN ('pending', 'success', 'failed')),
    CONSTRAINT webhook_deliveries_pending_check CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

COMMENT ON COLUMN webhook_deliveries.event_id IS 'Not a reference: the outbox is emptied sooner.';
COMMENT ON COLUMN webhook_deliveries.held IS
'An earlier event of the same object was seen to wait; set right when a delivery of that object comes to its end.';

-- What is due of each webhook, by its time; dispatchers skip from one webhook to the next in it.
CREATE INDEX idx_webhook_deliveries_due ON webhook_deliveries (org_id, webhook_id, next_attempt_at, seq)
WHERE status = 'pending' AND NOT held;
CREATE INDEX idx_webhook_deliveries_next ON webhook_deliveries (next_attempt_at) WHERE status = 'pending';
CREATE INDEX idx_webhook_deliveries_object ON webhook_deliveries (org_id, webhook_id, aggregate_id, seq)
WHERE status = 'pending';
CREATE INDEX idx_webhook_deliveries_held ON webhook_deliveries (org_id, webhook_id, aggregate_id, seq)
WHERE status = 'pending' AND held;
CREATE INDEX idx_webhook_deliveries_finished ON webhook_deliveries (finished_at)
WHERE status <> 'pending';
CREATE INDEX idx_webhook_deliveries_webhook ON webhook_deliveries (org_id, webhook_id, id);
CREATE INDEX idx_webhook_deliveries_type ON webhook_deliveries (org_id, event_type, id);
-- Most deliveries succeed; those that did are found among all.
CREATE INDEX idx_webhook_deliveries_status ON webhook_deliveries (org_id, status, id)
WHERE status <> 'success';
CREATE INDEX idx_webhook_deliveries_webhook_status ON webhook_deliveries (org_id, webhook_id, status, id)
WHERE status <> 'success';

DO $$ BEGIN PERFORM amss_protect('webhook_deliveries'); END $$;

-- No references: each would lock the row of a delivery, and claims end with deliveries anyway.
CREATE TABLE webhook_claims (
    org_id uuid NOT NULL,
    webhook_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    claim uuid NOT NULL,
    claimed_until timestamptz NOT NULL,
    CONSTRAINT webhook_claims_pkey PRIMARY KEY (org_id, webhook_id, delivery_id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

COMMENT ON TABLE webhook_claims IS
'Which deliveries dispatchers have: apart from them, since a claim would copy the row, and without a lock on it.';

DO $$ BEGIN PERFORM amss_protect('webhook_claims'); END $$;

CREATE TABLE webhook_attempts (
    org_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    position bigint GENERATED ALWAYS AS IDENTITY,
    number bigint NOT NULL,
    at timestamptz NOT NULL,
    duration_ms bigint NOT NULL,
    status bigint,
    error text,
    response_body text,
    retry_after_s double precision,
    CONSTRAINT webhook_attempts_pkey PRIMARY KEY (org_id, delivery_id, position),
    CONSTRAINT webhook_attempts_delivery_id_fkey
    FOREIGN KEY (org_id, delivery_id) REFERENCES webhook_deliveries (org_id, id)
);

COMMENT ON COLUMN webhook_attempts.number IS 'Counted from one again when the delivery is sent again.';

DO $$ BEGIN PERFORM amss_protect('webhook_attempts'); END $$;

CREATE FUNCTION amss_delivery_id(made_at timestamptz, place bigint)
RETURNS uuid
LANGUAGE sql
VOLATILE
AS $$
    -- UUID version 7 (RFC 9562): milliseconds in 48 bits, the version, 12 bits of the place, the rest by chance.
    SELECT encode(
        substring(int8send(floor(extract(EPOCH FROM made_at) * 1000)::bigint) FROM 3)
        || substring(int4send(28672 | (place & 4095)::integer) FROM 3)
        || substring(uuid_send(gen_random_uuid()) FROM 9),
        'hex'
    )::uuid
$$;

COMMENT ON FUNCTION amss_delivery_id(timestamptz, bigint) IS
'A new id in the order of time, and of places up to 4095 of those made at the same time.';

CREATE FUNCTION amss_webhook_attempts(organization_ids uuid [])
RETURNS TABLE (org_id uuid, webhook_attempts bigint)
LANGUAGE sql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    SELECT
        id,
        (policy ->> 'webhook_attempts')::bigint
    FROM organizations
    WHERE id = ANY (organization_ids)
$$;

COMMENT ON FUNCTION amss_webhook_attempts(uuid []) IS
'How often organizations let a delivery be tried, NULL where they do not say; nothing else of them.';

REVOKE ALL ON FUNCTION amss_webhook_attempts(uuid []) FROM PUBLIC;
