"""Messages to the world: rows of the outbox, delivered at least once, with a key against doubles."""
