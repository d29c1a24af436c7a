"""The HTTP API: every endpoint of it is a value, which the server, the OpenAPI document and the tests read."""
