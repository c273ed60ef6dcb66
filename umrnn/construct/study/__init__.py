"""How a construction is tried honestly: what it may see, what it is scored on, and the row that comes of it."""
