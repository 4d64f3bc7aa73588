"""Runs programs that the user named: hooks, checks, receivers of news."""
