-- squawk-ignore-file require-concurrent-index-deletion
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP INDEX idx_usage_entries_day;
DROP INDEX idx_aircraft_registration_model;
DROP INDEX idx_aircraft_registration;
DROP INDEX idx_aircraft_listed_model;
DROP INDEX idx_aircraft_listed;
