"""Placeholder; written in the same series."""
