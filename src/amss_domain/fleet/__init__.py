"""Aircraft and the ledgers of their usage."""
