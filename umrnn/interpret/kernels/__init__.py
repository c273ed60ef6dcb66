"""Compiled loops of the readings; each file is one topic."""
