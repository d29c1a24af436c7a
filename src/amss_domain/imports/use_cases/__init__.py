"""Taking in the rows of a table, one kind a file."""
