"""Directions of state space along which a feature can be read, and set."""
