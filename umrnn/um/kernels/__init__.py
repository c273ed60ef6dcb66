"""Loops over bytes and counts; each file says what its letters mean."""
