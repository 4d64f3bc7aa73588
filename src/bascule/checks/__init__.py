"""Preflight: findings about two clusters and a gateway; an explicit ordered list, no registry."""
