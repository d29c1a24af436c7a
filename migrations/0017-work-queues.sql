-- Finding the organizations in which something is to be made or announced, at a cost that does not grow with the fleet.
--
-- Built in the migration's transaction and not concurrently: no release has these tables yet, so none is large.
-- squawk-ignore-file require-concurrent-index-creation, require-concurrent-index-deletion

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

-- The condition that always holds keeps them to who says it: within one organization another index finds what is due
-- there, however much is due elsewhere.
CREATE INDEX idx_aircraft_programs_wakes ON aircraft_programs (wake_on, org_id, aircraft_id)
WHERE generation = 'waiting' AND wake_on > '-infinity';
CREATE INDEX idx_tasks_changes ON tasks (next_change_on, org_id)
WHERE status IN ('scheduled', 'deferred', 'in_progress') AND next_change_on > '-infinity';

CREATE FUNCTION amss_day_in(zone text, moment timestamptz)
RETURNS date
LANGUAGE plpgsql
STABLE
AS $$
BEGIN
    RETURN (moment AT TIME ZONE coalesce(zone, 'UTC'))::date;
EXCEPTION
    -- A zone that this server does not know: whoever is told too early finds nothing to do.
    WHEN invalid_parameter_value THEN
        RETURN (moment AT TIME ZONE 'UTC' + interval '14 hours')::date;
END
$$;

COMMENT ON FUNCTION amss_day_in(text, timestamptz) IS
'The day that it is in a time zone at a moment.';

-- Organizations, and days with organizations, are found by leaps from one to the next in an index, so that many rows of
-- one cost no more than one. Planned once a connection, for whatever values: planning costs more than leaping.
CREATE FUNCTION amss_organizations_to_generate(moment timestamptz, after uuid, wanted bigint)
RETURNS SETOF uuid
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
    last_day CONSTANT date := (moment AT TIME ZONE 'UTC' + interval '14 hours')::date;
    from_org CONSTANT uuid := coalesce(after, '00000000-0000-0000-0000-000000000000');
BEGIN
    RETURN QUERY
    WITH RECURSIVE pending AS (
        (
            SELECT link.org_id
            FROM aircraft_programs AS link
            WHERE link.generation = 'pending' AND link.org_id > from_org
            ORDER BY link.org_id
            LIMIT 1
        )
        UNION ALL
        SELECT later.org_id
        FROM pending
        CROSS JOIN LATERAL (
            SELECT link.org_id
            FROM aircraft_programs AS link
            WHERE link.generation = 'pending' AND link.org_id > pending.org_id
            ORDER BY link.org_id
            LIMIT 1
        ) AS later
    ),
    spreading AS (
        (
            SELECT program.org_id
            FROM programs AS program
            WHERE program.spreading AND program.org_id > from_org
            ORDER BY program.org_id
            LIMIT 1
        )
        UNION ALL
        SELECT later.org_id
        FROM spreading
        CROSS JOIN LATERAL (
            SELECT program.org_id
            FROM programs AS program
            WHERE program.spreading AND program.org_id > spreading.org_id
            ORDER BY program.org_id
            LIMIT 1
        ) AS later
    ),
    waking AS (
        (
            SELECT
                link.wake_on,
                link.org_id
            FROM aircraft_programs AS link
            WHERE link.generation = 'waiting' AND link.wake_on > '-infinity' AND link.wake_on <= last_day
            ORDER BY link.wake_on, link.org_id
            LIMIT 1
        )
        UNION ALL
        SELECT
            later.wake_on,
            later.org_id
        FROM waking
        CROSS JOIN LATERAL (
            SELECT
                link.wake_on,
                link.org_id
            FROM aircraft_programs AS link
            WHERE
                link.generation = 'waiting'
                AND link.wake_on > '-infinity'
                AND link.wake_on <= last_day
                AND (link.wake_on, link.org_id) > (waking.wake_on, waking.org_id)
            ORDER BY link.wake_on, link.org_id
            LIMIT 1
        ) AS later
    )
    SELECT spreading.org_id
    FROM spreading
    UNION
    SELECT pending.org_id
    FROM pending
    WHERE
        EXISTS (
            SELECT 1
            FROM aircraft_programs AS link
            INNER JOIN aircraft
                ON aircraft.org_id = link.org_id AND aircraft.id = link.aircraft_id AND aircraft.archived_at IS NULL
            WHERE link.org_id = pending.org_id AND link.generation = 'pending'
        )
    UNION
    SELECT waking.org_id
    FROM waking
    INNER JOIN organizations ON organizations.id = waking.org_id
    WHERE
        waking.org_id > from_org
        AND waking.wake_on <= amss_day_in(organizations.policy ->> 'time_zone', moment)
        AND EXISTS (
            SELECT 1
            FROM aircraft_programs AS link
            INNER JOIN aircraft
                ON aircraft.org_id = link.org_id AND aircraft.id = link.aircraft_id AND aircraft.archived_at IS NULL
            WHERE
                link.wake_on = waking.wake_on
                AND link.org_id = waking.org_id
                AND link.generation = 'waiting'
                AND link.wake_on > '-infinity'
        )
    ORDER BY 1
    LIMIT wanted;
END
$$;

COMMENT ON FUNCTION amss_organizations_to_generate(timestamptz, uuid, bigint) IS
'The ids of organizations after one in which a program spreads or a task may have to appear, by id; nothing else of them.';

CREATE FUNCTION amss_organizations_to_announce(moment timestamptz, after uuid, wanted bigint)
RETURNS SETOF uuid
LANGUAGE plpgsql
STABLE
SECURITY DEFINER
SET search_path = public, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
DECLARE
    last_day CONSTANT date := (moment AT TIME ZONE 'UTC' + interval '14 hours')::date;
BEGIN
    RETURN QUERY
    WITH RECURSIVE changing AS (
        (
            SELECT
                task.next_change_on,
                task.org_id
            FROM tasks AS task
            WHERE
                task.status IN ('scheduled', 'deferred', 'in_progress')
                AND task.next_change_on > '-infinity'
                AND task.next_change_on <= last_day
            ORDER BY task.next_change_on, task.org_id
            LIMIT 1
        )
        UNION ALL
        SELECT
            later.next_change_on,
            later.org_id
        FROM changing
        CROSS JOIN LATERAL (
            SELECT
                task.next_change_on,
                task.org_id
            FROM tasks AS task
            WHERE
                task.status IN ('scheduled', 'deferred', 'in_progress')
                AND task.next_change_on > '-infinity'
                AND task.next_change_on <= last_day
                AND (task.next_change_on, task.org_id) > (changing.next_change_on, changing.org_id)
            ORDER BY task.next_change_on, task.org_id
            LIMIT 1
        ) AS later
    )
    SELECT DISTINCT changing.org_id
    FROM changing
    INNER JOIN organizations ON organizations.id = changing.org_id
    WHERE
        changing.org_id > coalesce(after, '00000000-0000-0000-0000-000000000000')
        AND changing.next_change_on <= amss_day_in(organizations.policy ->> 'time_zone', moment)
    ORDER BY changing.org_id
    LIMIT wanted;
END
$$;

COMMENT ON FUNCTION amss_organizations_to_announce(timestamptz, uuid, bigint) IS
'The ids of organizations after one in which the due status of an open task changes by their day, by id; nothing else of them.';

REVOKE ALL ON FUNCTION amss_organizations_to_generate(timestamptz, uuid, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION amss_organizations_to_announce(timestamptz, uuid, bigint) FROM PUBLIC;
