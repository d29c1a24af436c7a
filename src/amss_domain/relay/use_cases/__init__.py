"""What the worker does with messages on their way out, and what is done with those that got stuck."""
