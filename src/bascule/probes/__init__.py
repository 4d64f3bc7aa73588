"""Samples of real traffic: the product's own open-loop witness."""
