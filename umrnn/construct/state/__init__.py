"""States written from counts: linear states, and neurons grown on them."""
