"""The front doors: each translates, calls one use case and translates back."""
