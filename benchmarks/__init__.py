"""Measurements of the program, each a command that prints its table."""
