"""The kernel every feature stands on; it knows no feature's words."""
