-- Uploaded tables that wait to be imported, and what became of their rows.
--
-- Indexes are built in the migration's transaction and not concurrently: no release has these tables yet.
-- squawk-ignore-file require-concurrent-index-creation

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE TABLE imports (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    dry_run boolean NOT NULL,
    file_name text NOT NULL,
    storage_key text NOT NULL,
    bytes_total bigint NOT NULL,
    requested_by text NOT NULL,
    status text NOT NULL,
    attempt bigint NOT NULL,
    columns jsonb NOT NULL,
    last_row bigint NOT NULL,
    bytes_done bigint NOT NULL,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    unchanged bigint NOT NULL,
    rejected bigint NOT NULL,
    warned bigint NOT NULL,
    reasons jsonb NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    claimed_by text,
    claimed_until timestamptz,
    claim_token bigint NOT NULL DEFAULT 0,
    claim_tries bigint NOT NULL DEFAULT 0,
    claim_pauses bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT imports_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT imports_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id),
    CONSTRAINT imports_kind_check CHECK (kind IN ('aircraft', 'parts', 'programs', 'program-links', 'usage')),
    CONSTRAINT imports_status_check CHECK (status IN ('queued', 'running', 'completed', 'failed')),
    CONSTRAINT imports_finished_check CHECK ((finished_at IS NULL) = (status IN ('queued', 'running')))
);

COMMENT ON COLUMN imports.claim_token IS
'Grows with each claim: whoever has a lesser one may not commit anything of this import any more.';
COMMENT ON COLUMN imports.claim_tries IS
'How often it was claimed since it last came any further, but for what ended in a pause or was given back.';
COMMENT ON COLUMN imports.claim_pauses IS
'How often it was left alone for a while, since something was away, since it last came any further.';

CREATE INDEX idx_imports_unfinished ON imports (org_id, id) WHERE status IN ('queued', 'running');
CREATE INDEX idx_imports_finished ON imports (org_id, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX idx_imports_kind ON imports (org_id, kind, id);
CREATE INDEX idx_imports_status ON imports (org_id, status, id);
CREATE INDEX idx_imports_kind_status ON imports (org_id, kind, status, id);

DO $$ BEGIN PERFORM amss_protect('imports'); END $$;

CREATE TABLE import_rows (
    org_id uuid NOT NULL,
    import_id uuid NOT NULL,
    attempt bigint NOT NULL,
    last_number bigint NOT NULL,
    first_number bigint NOT NULL,
    effect text NOT NULL,
    warned boolean NOT NULL,
    cells jsonb,
    reasons jsonb,
    CONSTRAINT import_rows_pkey PRIMARY KEY (org_id, import_id, attempt, last_number),
    CONSTRAINT import_rows_import_id_fkey FOREIGN KEY (org_id, import_id) REFERENCES imports (org_id, id),
    CONSTRAINT import_rows_effect_check CHECK (effect IN ('created', 'updated', 'unchanged', 'rejected')),
    CONSTRAINT import_rows_numbers_check CHECK (first_number <= last_number)
);

COMMENT ON TABLE import_rows IS
'What became of rows: one that was rejected or taken with a warning has its cells and reasons; all others stand as runs of one effect, from the first number to the last.';

CREATE INDEX idx_import_rows_effect ON import_rows (org_id, import_id, attempt, effect, last_number);
CREATE INDEX idx_import_rows_warned ON import_rows (org_id, import_id, attempt, last_number) WHERE warned;

DO $$ BEGIN PERFORM amss_protect('import_rows'); END $$;
