"""The worker: everything that happens without somebody waiting for the answer."""
