"""CSV files: tables to import, and the rows of them that were rejected."""
