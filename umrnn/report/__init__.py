"""Everything that renders: tables for people, JSON and CSV for programs, progress on standard error.

The only importer of rich, and it is imported inside the functions that draw, so machine formats never pay for it.
"""
