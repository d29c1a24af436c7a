-- squawk-ignore-file require-concurrent-index-deletion
SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP FUNCTION amss_organization_page(boolean, boolean, uuid, bigint);
DROP FUNCTION amss_refuse_inactive(uuid);
DROP TABLE api_keys;
DROP TABLE refresh_tokens;
DROP TABLE sessions;
DROP INDEX idx_users_active_admins;
DROP INDEX idx_users_role_email;
DROP INDEX idx_users_role;
DROP INDEX idx_users_email;
