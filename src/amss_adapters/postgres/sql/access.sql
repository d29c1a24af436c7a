-- columns_of_organization --
-- What an organization is made from.
id, slug, name, policy, created_at, updated_at, version

-- columns_of_user --
-- What a user is made from.
id, email, name, role, active, created_at, updated_at, version

-- organization_enter_by_slug --
-- Turns the transaction to the organization with the slug, if there is one.
SELECT set_config('amss.org_id', coalesce(amss_organization_id($1)::text, ''), true)

-- organization_enter_by_id --
-- Turns the transaction to the organization with the id, whether there is one or not.
SELECT set_config('amss.org_id', $1, true)

-- organization_entered --
-- The organization that the transaction was turned to.
SELECT {columns_of_organization}
FROM organizations
WHERE id = nullif(current_setting('amss.org_id', true), '')::uuid

-- organization_ids --
-- The ids of all organizations, by slug.
SELECT amss_organization_ids()

-- organization_page --
-- The ids of some organizations after one, by slug or by id.
SELECT amss_organization_page($1, $2, $3, $4)

-- organization_get --
-- The unit of work's own organization.
SELECT {columns_of_organization}
FROM organizations
WHERE id = $1

-- organization_hold --
-- The unit of work's own organization, held.
SELECT {columns_of_organization}
FROM organizations
WHERE id = $1
FOR NO KEY UPDATE

-- organization_insert --
-- Adds the unit of work's own organization.
INSERT INTO organizations (id, slug, created_at, name, policy, updated_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7)

-- organization_update --
-- Changes the organization if it still has the version $3.
WITH changed AS (
    UPDATE organizations
    SET
        name = $4,
        policy = $5,
        updated_at = $6,
        version = $7
    WHERE id = $1 AND slug = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))

-- user_get --
-- One user.
SELECT {columns_of_user}
FROM users
WHERE org_id = $1 AND id = $2

-- user_hold --
-- One user, held.
SELECT {columns_of_user}
FROM users
WHERE org_id = $1 AND id = $2
FOR NO KEY UPDATE

-- user_by_email --
-- The user with an address, compared in lower case.
SELECT {columns_of_user}
FROM users
WHERE org_id = $1 AND email_key = $2

-- user_all --
-- All users by address.
SELECT {columns_of_user}
FROM users
WHERE org_id = $1
ORDER BY email_key, id

-- user_active_admins --
-- How many admins have access.
SELECT count(*)
FROM users
WHERE org_id = $1 AND active AND role = 'admin'

-- clause_of_listed_users --
-- The organization's users, perhaps only those with access or those without.
org_id = $1
    AND ($4::boolean IS NULL OR active = $4)

-- clause_place_by_email --
-- Where a page by address starts: at a text, or at a user, nowhere when there is none of that id.
(CASE WHEN $5::text IS NULL THEN (SELECT email_key FROM users WHERE org_id = $1 AND id = $2) ELSE $5 END, $2::uuid)

-- user_page_of_email --
-- The user with an address, compared in lower case, perhaps of a role, unless it was the last one shown.
SELECT {columns_of_user}
FROM users
WHERE
    {clause_of_listed_users}
    AND id <> $2
    AND email_key = $5
    AND ($6::text IS NULL OR role = $6)
LIMIT $3

-- user_page --
-- Users after an id.
SELECT {columns_of_user}
FROM users
WHERE
    {clause_of_listed_users}
    AND id > $2
ORDER BY id
LIMIT $3

-- user_page_by_email --
-- Users by address, the first first.
SELECT {columns_of_user}
FROM users
WHERE
    {clause_of_listed_users}
    AND (email_key COLLATE "C", id) > {clause_place_by_email}
ORDER BY email_key COLLATE "C", id
LIMIT $3

-- user_page_of_role --
-- Users of a role after an id.
SELECT {columns_of_user}
FROM users
WHERE
    {clause_of_listed_users}
    AND id > $2
    AND role = $5
ORDER BY id
LIMIT $3

-- user_page_of_role_by_email --
-- Users of a role by address, the first first.
SELECT {columns_of_user}
FROM users
WHERE
    {clause_of_listed_users}
    AND (email_key COLLATE "C", id) > {clause_place_by_email}
    AND role = $6
ORDER BY email_key COLLATE "C", id
LIMIT $3

-- user_page_last_first --
-- Users before an id, the last first.
SELECT {columns_of_user}
FROM users
WHERE
    {clause_of_listed_users}
    AND id < $2
ORDER BY id DESC
LIMIT $3

-- user_page_by_email_last_first --
-- Users by address, the last first.
SELECT {columns_of_user}
FROM users
WHERE
    {clause_of_listed_users}
    AND (email_key COLLATE "C", id) < {clause_place_by_email}
ORDER BY email_key COLLATE "C" DESC, id DESC
LIMIT $3

-- user_page_of_role_last_first --
-- Users of a role before an id, the last first.
SELECT {columns_of_user}
FROM users
WHERE
    {clause_of_listed_users}
    AND id < $2
    AND role = $5
ORDER BY id DESC
LIMIT $3

-- user_page_of_role_by_email_last_first --
-- Users of a role by address, the last first.
SELECT {columns_of_user}
FROM users
WHERE
    {clause_of_listed_users}
    AND (email_key COLLATE "C", id) < {clause_place_by_email}
    AND role = $6
ORDER BY email_key COLLATE "C" DESC, id DESC
LIMIT $3

-- password_get --
-- The hash of a user's password.
SELECT password_hash
FROM users
WHERE org_id = $1 AND id = $2

-- password_put --
-- Sets the hash of a user's password, and nothing else.
WITH changed AS (
    UPDATE users
    SET password_hash = $3
    WHERE org_id = $1 AND id = $2
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))

-- user_insert --
-- Adds a user.
INSERT INTO users (org_id, id, created_at, email, email_key, name, role, active, updated_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- user_update --
-- Changes a user who still has the version $3.
WITH changed AS (
    UPDATE users
    SET
        email = $4,
        email_key = $5,
        name = $6,
        role = $7,
        active = $8,
        updated_at = $9,
        version = $10
    WHERE org_id = $1 AND id = $2 AND version = $3
    RETURNING 1
)
SELECT amss_expect_one((SELECT count(*) FROM changed))
