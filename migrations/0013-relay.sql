-- How messages leave the outbox: in lanes, under leases, to followers inside, and what could not be worked off.
--
-- Built in the migration's transaction and not concurrently: no release has these tables yet, so none is large.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, adding-field-with-default
-- squawk-ignore-file prefer-bigint-over-smallint

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

ALTER TABLE outbox
ADD COLUMN lane smallint GENERATED ALWAYS AS ((get_byte(uuid_send(aggregate_id), 15) & 15)::smallint) STORED,
ADD COLUMN fanned_out_at timestamptz;

COMMENT ON COLUMN outbox.lane IS
'One of 16 in which messages are published; all of one aggregate are in the same.';
COMMENT ON COLUMN outbox.fanned_out_at IS
'When everybody who follows the event was given it: what says so was committed with their deliveries and inbox entries.';

-- Every message changes twice and goes soon after: what it leaves behind is to be cleared away as soon.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);

-- With what says how long it has waited, so that a long queue is measured without reading it.
DROP INDEX idx_outbox_unpublished;
CREATE INDEX idx_outbox_unpublished ON outbox (seq) INCLUDE (created_at) WHERE published_at IS NULL;
CREATE INDEX idx_outbox_waiting ON outbox (seq) INCLUDE (created_at) WHERE fanned_out_at IS NULL;
CREATE INDEX idx_outbox_aggregate_waiting ON outbox (org_id, aggregate_id, seq) WHERE fanned_out_at IS NULL;
CREATE INDEX idx_outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL AND fanned_out_at IS NULL;
CREATE INDEX idx_outbox_fanned_out ON outbox (fanned_out_at) WHERE fanned_out_at IS NOT NULL;

-- Only what is not published yet is read by organization, and that is little.
DROP INDEX idx_outbox_org_unpublished;

CREATE TABLE inbox (
    org_id uuid NOT NULL,
    event_id uuid NOT NULL,
    follower text COLLATE "C" NOT NULL,
    seq bigint NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT inbox_pkey PRIMARY KEY (org_id, event_id, follower),
    CONSTRAINT inbox_event_id_fkey FOREIGN KEY (org_id, event_id) REFERENCES outbox (org_id, id)
);

COMMENT ON TABLE inbox IS 'Messages that wait for followers inside; the message itself stays in the outbox until they are done.';
COMMENT ON COLUMN inbox.seq IS 'As in the outbox.';
COMMENT ON COLUMN inbox.created_at IS 'When it was put here.';

CREATE INDEX idx_inbox_waiting ON inbox (follower, org_id, seq);

DO $$ BEGIN PERFORM amss_protect('inbox'); END $$;

CREATE TABLE dead_letters (
    org_id uuid NOT NULL,
    event_id uuid NOT NULL,
    reader_group text COLLATE "C" NOT NULL,
    event_type text NOT NULL,
    aggregate_id uuid NOT NULL,
    version bigint NOT NULL,
    seq bigint NOT NULL,
    occurred_at timestamptz NOT NULL,
    reason text NOT NULL,
    times bigint NOT NULL,
    failed_at timestamptz NOT NULL,
    replayed_at timestamptz,
    CONSTRAINT dead_letters_pkey PRIMARY KEY (org_id, event_id, reader_group)
);

COMMENT ON TABLE dead_letters IS
'Entries of streams that a group of readers could not work off; with all of the notice, which outlives its message.';

CREATE INDEX idx_dead_letters_failed ON dead_letters (failed_at, seq) WHERE replayed_at IS NULL;
CREATE INDEX idx_dead_letters_org_failed ON dead_letters (org_id, failed_at, seq) WHERE replayed_at IS NULL;
CREATE INDEX idx_dead_letters_event ON dead_letters (event_id) WHERE replayed_at IS NULL;

DO $$ BEGIN PERFORM amss_protect('dead_letters'); END $$;

-- These two are the installation's and no organization's.

CREATE TABLE job_leases (
    name text COLLATE "C" NOT NULL,
    holder text COLLATE "C",
    token bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    CONSTRAINT job_leases_pkey PRIMARY KEY (name)
);

COMMENT ON COLUMN job_leases.holder IS 'NULL once it was given back.';
COMMENT ON COLUMN job_leases.token IS 'Grows with each holder; rows are never removed, so it never comes again.';

CREATE TABLE job_runs (
    job text COLLATE "C" NOT NULL,
    worker text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    done bigint NOT NULL,
    error text,
    CONSTRAINT job_runs_pkey PRIMARY KEY (job, worker)
);

COMMENT ON TABLE job_runs IS 'The last run of each job on each worker.';
