SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP FUNCTION amss_organization_ids();
DROP FUNCTION amss_organization_id(text);
DROP TABLE users;
DROP TABLE organizations;
DROP FUNCTION amss_refuse_change();
DROP FUNCTION amss_expect_one(bigint);
DROP FUNCTION amss_protect(regclass);
