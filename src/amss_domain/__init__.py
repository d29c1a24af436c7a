"""Aircraft maintenance scheduling as pure rules: no I/O, no clock, no randomness, no technology."""
