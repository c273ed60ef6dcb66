"""A trained network's weights estimated from its states and the bytes, and put in their place."""
