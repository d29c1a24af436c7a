"""Letting go of what is no longer needed, each kind of record by a clock of its own."""
