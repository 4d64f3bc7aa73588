"""Preflight of the platform on Azure: findings about clusters, a gateway and their network."""
