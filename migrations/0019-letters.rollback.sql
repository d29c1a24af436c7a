-- squawk-ignore-file ban-drop-column
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP TABLE letters;
ALTER TABLE inbox
DROP COLUMN due_at,
DROP COLUMN tries;
