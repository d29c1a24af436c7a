"""Tables of aircraft, parts, programs, links and usage, taken in row by row."""
