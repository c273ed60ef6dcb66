"""Loops over states and weights; each file says what its letters mean."""
