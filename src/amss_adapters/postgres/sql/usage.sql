-- columns_of_entry --
-- What a ledger entry is made from.
id, position, occurred_on, recorded_at, kind, deltas, faces, corrects, corrects_position, reason, source, external_id

-- entry_ledger --
-- All entries of an aircraft by position.
SELECT {columns_of_entry}
FROM usage_entries
WHERE org_id = $1 AND aircraft_id = $2
ORDER BY position

-- entry_corrections --
-- The corrections of an aircraft by position.
SELECT {columns_of_entry}
FROM usage_entries
WHERE org_id = $1 AND aircraft_id = $2 AND kind = 'correction'
ORDER BY position

-- entry_get --
-- One entry of an aircraft.
SELECT {columns_of_entry}
FROM usage_entries
WHERE org_id = $1 AND id = $2 AND aircraft_id = $3

-- clause_of_ledger --
-- The ledger of an aircraft.
org_id = $1
    AND aircraft_id = $2

-- clause_place_in_ledger --
-- Where a page of a ledger starts: at a position, or at an entry, nowhere when the ledger has none of that id.
CASE
        WHEN $4::bigint IS NULL
            THEN (SELECT position FROM usage_entries WHERE org_id = $1 AND aircraft_id = $2 AND id = $5)
        ELSE $4
    END

-- entry_page --
-- Entries of an aircraft by position.
SELECT {columns_of_entry}
FROM usage_entries
WHERE
    {clause_of_ledger}
    AND position > {clause_place_in_ledger}
ORDER BY position
LIMIT $3

-- entry_page_last_first --
-- Entries of an aircraft by position, the last first.
SELECT {columns_of_entry}
FROM usage_entries
WHERE
    {clause_of_ledger}
    AND position < {clause_place_in_ledger}
ORDER BY position DESC
LIMIT $3

-- entry_since --
-- The first entry of an aircraft, and all that occurred after a day.
SELECT {columns_of_entry}
FROM usage_entries
WHERE
    {clause_of_ledger}
    AND occurred_on > $3
UNION ALL
SELECT {columns_of_entry}
FROM usage_entries
WHERE
    {clause_of_ledger}
    AND occurred_on <= $3
    AND position = 1

-- entry_totals --
-- What each meter of an aircraft had counted at the end of a day.
SELECT delta.key, sum(delta.value::numeric)
FROM usage_entries
CROSS JOIN LATERAL jsonb_each_text(usage_entries.deltas) AS delta
WHERE usage_entries.org_id = $1 AND usage_entries.aircraft_id = $2 AND usage_entries.occurred_on <= $3
GROUP BY delta.key

-- entry_known --
-- Entries with one of the pairs of aircraft and external id; the aircraft's id stands first.
SELECT usage_entries.aircraft_id, {columns_of_entry}
FROM unnest($2::uuid[], $3::text[]) AS wanted (wanted_aircraft_id, wanted_external_id)
INNER JOIN usage_entries
    ON
        usage_entries.org_id = $1
        AND usage_entries.aircraft_id = wanted_aircraft_id
        AND usage_entries.external_id = wanted_external_id

-- entry_insert --
-- Appends an entry to the ledger of an aircraft.
INSERT INTO usage_entries (
    org_id, aircraft_id, id, position, occurred_on, recorded_at, kind, deltas, faces, corrects, corrects_position,
    reason, source, external_id
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
