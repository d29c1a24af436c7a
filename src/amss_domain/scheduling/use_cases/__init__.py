"""What can be asked of scheduling, one verb a file."""
