-- lease_take --
-- Takes up to $5 of the names that are free or the holder's own, the own ones first.
WITH free AS (
    SELECT wanted.name
    FROM unnest($1::text[]) WITH ORDINALITY AS wanted (name, place)
    LEFT JOIN job_leases AS lease ON lease.name = wanted.name
    WHERE lease.name IS NULL OR lease.holder IS NULL OR lease.holder = $2 OR lease.expires_at <= $3
    ORDER BY (lease.holder = $2) IS TRUE DESC, wanted.place
    LIMIT $5
)

INSERT INTO job_leases AS lease (name, holder, token, expires_at)
SELECT name, $2, 1, $4
FROM free
ORDER BY name
ON CONFLICT (name) DO UPDATE
SET
    holder = excluded.holder,
    token = lease.token + CASE WHEN lease.holder = excluded.holder THEN 0 ELSE 1 END,
    expires_at = excluded.expires_at
WHERE lease.holder IS NULL OR lease.holder = excluded.holder OR lease.expires_at <= $3
RETURNING name, holder, token, expires_at

-- lease_release --
-- Frees names whose latest lease is the one given back.
UPDATE job_leases AS lease
SET holder = NULL
FROM unnest($1::text[], $2::bigint[]) AS mine (name, token)
WHERE lease.name = mine.name AND lease.token = mine.token

-- lease_held --
-- The leases of some names that run at an instant.
SELECT name, holder, token, expires_at
FROM job_leases
WHERE
    name = ANY($1::text[])
    AND holder IS NOT NULL
    AND expires_at > $2
ORDER BY name
