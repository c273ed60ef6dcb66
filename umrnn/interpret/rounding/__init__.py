"""States and weights in fewer bits."""
