"""Thin Typer commands: parse, call one library function, emit. Importing this loads neither numba nor numpy."""
