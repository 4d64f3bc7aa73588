"""Fetches what checks need, as values."""
