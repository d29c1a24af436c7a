-- organizations_to_generate --
-- The ids of organizations after one in which a program spreads or a task may have to appear.
SELECT amss_organizations_to_generate($1, $2, $3)

-- organizations_to_announce --
-- The ids of organizations after one in which a due status changes by the day that it is there.
SELECT amss_organizations_to_announce($1, $2, $3)
