-- begin --
-- Starts a transaction of several batches.
BEGIN ISOLATION LEVEL READ COMMITTED

-- enter --
-- Says for which organization the transaction works, how long it may wait and stand idle, and for which user.
SELECT
    set_config('amss.org_id', $1, true),
    set_config('lock_timeout', $2, true),
    set_config('statement_timeout', $3, true),
    set_config('idle_in_transaction_session_timeout', $4, true),
    amss_refuse_inactive($5)

-- by_index --
-- Says how long a transaction that others wait for may take, and has it find all by index, with one plan for all values.
SELECT
    set_config('lock_timeout', '10s', true),
    set_config('statement_timeout', '30s', true),
    set_config('idle_in_transaction_session_timeout', '10s', true),
    set_config('plan_cache_mode', 'force_generic_plan', true),
    set_config('enable_seqscan', 'off', true),
    set_config('enable_bitmapscan', 'off', true),
    set_config('jit', 'off', true)

-- refuse_inactive --
-- Stops what is about to change something for a user who has been deactivated meanwhile.
SELECT amss_refuse_inactive($1)

-- commit --
-- Makes a transaction of several batches final.
COMMIT

-- rollback --
-- Forgets a transaction of several batches.
ROLLBACK

-- settle_formats --
-- Fixes how values are written on a new connection, whatever the server's defaults are.
SELECT
    set_config('DateStyle', 'ISO, YMD', false),
    set_config('TimeZone', 'UTC', false),
    set_config('bytea_output', 'hex', false)
