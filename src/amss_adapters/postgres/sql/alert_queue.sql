-- organizations_to_escalate --
-- The ids of organizations in which an alert has waited too long to be acknowledged.
SELECT amss_organizations_to_escalate($1, $2, $3)

-- organizations_to_mail_resets --
-- The ids of organizations in which somebody waits for a mail to set a forgotten password.
SELECT amss_organizations_to_mail_resets($1, $2, $3)
