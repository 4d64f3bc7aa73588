"""Fetches what the checks of the platform on Azure need; it can read, and nothing else."""
