"""What can be done with alerts and mail."""
