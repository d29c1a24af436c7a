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
