SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TABLE tasks;
DROP TABLE aircraft_programs;
DROP TABLE programs;
