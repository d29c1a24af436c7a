"""What clients send and get, one file a resource: attrs classes, and pure functions that make them of the domain's."""
