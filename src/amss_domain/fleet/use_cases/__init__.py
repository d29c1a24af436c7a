"""What can be asked of fleet, one verb or family of verbs a file."""
