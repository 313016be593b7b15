"""Messages to the world: carried at least once, with a key against doubles."""
