"""When something is due, why, and what happens next."""
