"""Runs of a network after one byte is replaced, and what changes in them."""
