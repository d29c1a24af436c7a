SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP FUNCTION amss_organizations_to_mail_resets(timestamptz, timestamptz, bigint);
DROP FUNCTION amss_organizations_to_escalate(timestamptz, timestamptz, bigint);
DROP TABLE password_resets;
DROP TABLE alerts;
