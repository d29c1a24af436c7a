"""Alerts: what somebody has to look at, until it is dealt with or gone; and the mail that tells people of it."""
