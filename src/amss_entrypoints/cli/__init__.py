"""The `amss` command: one module a command or group of commands, each a thin layer over the use cases."""
