"""Organizations and their policy, users, roles and who may do what."""
