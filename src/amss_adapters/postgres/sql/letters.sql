-- letter_insert --
-- Puts a letter among those that wait, unless it waits already.
INSERT INTO letters (org_id, id, recipient, name, subject, body, tries, due_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (org_id, id) DO NOTHING
