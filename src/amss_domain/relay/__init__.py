"""How recorded events get out: from the outbox into streams, and to whoever follows those."""
