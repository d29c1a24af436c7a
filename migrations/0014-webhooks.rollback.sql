SET LOCAL lock_timeout = '5s';
SET LOCAL statement_timeout = '60s';

DROP FUNCTION amss_webhook_attempts(uuid []);
DROP FUNCTION amss_delivery_id(timestamptz, bigint);
DROP TABLE webhook_attempts;
DROP TABLE webhook_claims;
DROP TABLE webhook_deliveries;
DROP TABLE webhook_health;
DROP TABLE webhooks;
