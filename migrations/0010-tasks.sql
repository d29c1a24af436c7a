-- Tasks that are put off, the lists of tasks in every order, their notes, the labour they took and what they wait for.
--
-- Built in the migration's transaction and not concurrently: no release has these tables yet, so none is large.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion, adding-field-with-default
-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

ALTER TABLE programs ADD COLUMN is_deferrable boolean NOT NULL DEFAULT true;

COMMENT ON COLUMN programs.is_deferrable IS 'Whether its tasks may be put off beyond their limits.';

ALTER TABLE tasks
DROP CONSTRAINT tasks_status_check,
ADD CONSTRAINT tasks_status_check CHECK (
    status IN ('scheduled', 'deferred', 'in_progress', 'completed', 'cancelled')
),
ADD COLUMN deferral jsonb,
ADD COLUMN due_key date GENERATED ALWAYS AS (coalesce(due_at_date, 'infinity'::date)) STORED,
ADD COLUMN kind text GENERATED ALWAYS AS (work ->> 'kind') STORED,
ADD COLUMN priority text GENERATED ALWAYS AS (work ->> 'priority') STORED;

COMMENT ON COLUMN tasks.due_at_hours IS
'With due_at_cycles and due_at_date, the earliest of the due points in force in that unit; `due` holds all of them as they were before the task was put off, exact.';
COMMENT ON COLUMN tasks.due_key IS 'due_at_date as it is sorted by: a task without one as if due after all others.';
COMMENT ON COLUMN tasks.kind IS 'With priority a copy of what `work` says, to find tasks by.';

DROP INDEX tasks_open_link_key;
DROP INDEX idx_tasks_aircraft_open;
DROP INDEX idx_tasks_next_change;

CREATE UNIQUE INDEX tasks_open_link_key ON tasks (org_id, link_id)
WHERE status IN ('scheduled', 'deferred', 'in_progress');
CREATE INDEX idx_tasks_aircraft_open ON tasks (org_id, aircraft_id, id)
WHERE status IN ('scheduled', 'deferred', 'in_progress');
CREATE INDEX idx_tasks_next_change ON tasks (org_id, next_change_on)
WHERE status IN ('scheduled', 'deferred', 'in_progress');
CREATE INDEX idx_tasks_unassigned ON tasks (org_id, id) WHERE assigned_to IS NULL;
CREATE INDEX idx_tasks_assigned_open ON tasks (org_id, assigned_to, id)
WHERE status IN ('scheduled', 'deferred', 'in_progress') AND assigned_to IS NOT NULL;
CREATE INDEX idx_tasks_due_status ON tasks (org_id, due_status, id)
WHERE status IN ('scheduled', 'deferred', 'in_progress');
CREATE INDEX idx_tasks_kind ON tasks (org_id, kind, id);
CREATE INDEX idx_tasks_priority ON tasks (org_id, priority, id);
CREATE INDEX idx_tasks_status_due ON tasks (org_id, status, due_key, id);
CREATE INDEX idx_tasks_status_updated ON tasks (org_id, status, updated_at, id);

CREATE TABLE task_notes (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    text text NOT NULL,
    written_by text NOT NULL,
    user_id uuid,
    created_at timestamptz NOT NULL,
    CONSTRAINT task_notes_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT task_notes_task_id_fkey FOREIGN KEY (org_id, task_id) REFERENCES tasks (org_id, id),
    CONSTRAINT task_notes_user_id_fkey FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
);

COMMENT ON COLUMN task_notes.written_by IS 'The name that the one who wrote it had then; user_id is there if it was a user.';

CREATE INDEX idx_task_notes_task ON task_notes (org_id, task_id, id);

DO $$ BEGIN PERFORM amss_protect('task_notes'); END $$;

CREATE TABLE task_labour (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    user_id uuid,
    hours numeric(14, 2) NOT NULL,
    worked_on date NOT NULL,
    note text,
    recorded_by text NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT task_labour_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT task_labour_task_id_fkey FOREIGN KEY (org_id, task_id) REFERENCES tasks (org_id, id),
    CONSTRAINT task_labour_user_id_fkey FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id),
    CONSTRAINT task_labour_hours_check CHECK (hours > 0)
);

COMMENT ON COLUMN task_labour.user_id IS 'Who worked; NULL where that is no user.';

CREATE INDEX idx_task_labour_task ON task_labour (org_id, task_id, id);

DO $$ BEGIN PERFORM amss_protect('task_labour'); END $$;

CREATE TABLE task_dependencies (
    org_id uuid NOT NULL,
    id uuid NOT NULL,
    task_id uuid NOT NULL,
    depends_on_id uuid NOT NULL,
    kind text NOT NULL,
    removed_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    version bigint NOT NULL,
    CONSTRAINT task_dependencies_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT task_dependencies_task_id_fkey FOREIGN KEY (org_id, task_id) REFERENCES tasks (org_id, id),
    CONSTRAINT task_dependencies_depends_on_id_fkey FOREIGN KEY (org_id, depends_on_id) REFERENCES tasks (org_id, id),
    CONSTRAINT task_dependencies_kind_check CHECK (
        kind IN ('finish_to_start', 'start_to_start', 'finish_to_finish', 'start_to_finish')
    ),
    CONSTRAINT task_dependencies_other_check CHECK (task_id <> depends_on_id)
);

CREATE UNIQUE INDEX task_dependencies_pair_key ON task_dependencies (org_id, task_id, depends_on_id)
WHERE removed_at IS NULL;
CREATE INDEX idx_task_dependencies_depends_on ON task_dependencies (org_id, depends_on_id, id)
WHERE removed_at IS NULL;

DO $$ BEGIN PERFORM amss_protect('task_dependencies'); END $$;
