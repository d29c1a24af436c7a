"""The audit trail: what an entry holds and how an event becomes one."""
