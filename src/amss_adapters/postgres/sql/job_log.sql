-- run_note --
-- Keeps a run in place of the one before of the same job and worker.
INSERT INTO job_runs (job, worker, started_at, finished_at, done, error)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (job, worker) DO UPDATE
SET
    started_at = excluded.started_at,
    finished_at = excluded.finished_at,
    done = excluded.done,
    error = excluded.error

-- run_list --
-- The last run of each job and worker, by job.
SELECT
    job,
    worker,
    started_at,
    finished_at,
    done,
    error
FROM job_runs
ORDER BY job, worker
