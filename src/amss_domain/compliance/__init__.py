"""Whether aircraft may fly: their status, and every reason that keeps one on the ground."""
