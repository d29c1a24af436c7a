-- Letters that wait to be sent, each by itself, and messages that followers inside try again later.
--
-- Built in the migration's transaction and not concurrently: no release has these tables yet, so none is large.
-- squawk-ignore-file require-concurrent-index-creation

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

ALTER TABLE inbox
ADD COLUMN tries bigint NOT NULL DEFAULT 0,
ADD COLUMN due_at timestamptz;

COMMENT ON COLUMN inbox.tries IS 'How often the follower failed with it.';
COMMENT ON COLUMN inbox.due_at IS 'Until when it is left alone after a failure; NULL before the first.';

CREATE TABLE letters (
    org_id uuid NOT NULL,
    id text COLLATE "C" NOT NULL,
    recipient text NOT NULL,
    name text NOT NULL,
    subject text NOT NULL,
    body text NOT NULL,
    tries bigint NOT NULL,
    due_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT letters_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT letters_org_id_fkey FOREIGN KEY (org_id) REFERENCES organizations (id)
);

COMMENT ON TABLE letters IS 'Letters that wait to be sent; they go once they were taken, refused or given up.';
COMMENT ON COLUMN letters.id IS 'By which a letter that is sent again is recognised.';
COMMENT ON COLUMN letters.due_at IS 'When it is to be sent; while somebody sends it, when that one is taken to be gone.';

CREATE INDEX idx_letters_due ON letters (org_id, due_at, id);
CREATE INDEX idx_letters_created ON letters (created_at);

DO $$ BEGIN PERFORM amss_protect('letters'); END $$;
