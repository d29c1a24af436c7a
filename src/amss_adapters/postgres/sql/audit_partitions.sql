-- audit_partitions_make --
-- Makes the partitions of $2 months from the one that the day $1 is in; a row for each that was not there.
SELECT month
FROM generate_series(0, $2::integer - 1) AS month
WHERE amss_make_audit_partition(($1::date + make_interval(months => month))::date)
