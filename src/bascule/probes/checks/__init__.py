"""Checks of a user's own, asked while a step holds: HTTP, Prometheus, commands."""
