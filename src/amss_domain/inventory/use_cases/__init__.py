"""What can be done with parts, their stock and its reservations, by verb."""
