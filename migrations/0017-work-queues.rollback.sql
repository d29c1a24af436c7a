-- squawk-ignore-file require-concurrent-index-deletion
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP FUNCTION amss_organizations_to_announce(timestamptz, uuid, bigint);
DROP FUNCTION amss_organizations_to_generate(timestamptz, uuid, bigint);
DROP FUNCTION amss_day_in(text, timestamptz);
DROP INDEX idx_tasks_changes;
DROP INDEX idx_aircraft_programs_wakes;
