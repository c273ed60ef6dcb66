"""Predictions followed back through time."""
