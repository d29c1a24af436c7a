-- Indexes for the lists of aircraft, and for what an aircraft flew lately.
--
-- Built in the migration's transaction and not concurrently: no release has these tables yet, so none is large.
-- squawk-ignore-file require-concurrent-index-creation

SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

CREATE INDEX idx_aircraft_listed ON aircraft (org_id, (archived_at IS NOT NULL), id);
CREATE INDEX idx_aircraft_listed_model ON aircraft (org_id, (archived_at IS NOT NULL), model_key, id);
CREATE INDEX idx_aircraft_registration ON aircraft (
    org_id, (archived_at IS NOT NULL), registration_key COLLATE "C", id
);
CREATE INDEX idx_aircraft_registration_model ON aircraft (
    org_id, (archived_at IS NOT NULL), model_key, registration_key COLLATE "C", id
);

CREATE INDEX idx_usage_entries_day ON usage_entries (org_id, aircraft_id, occurred_on);
