"""What is done with organizations, their users, and what proves who somebody is."""
