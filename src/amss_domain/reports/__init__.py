"""Reports: what an organization's records add up to."""
