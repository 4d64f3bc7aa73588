"""Checks of an Application Gateway that Bascule itself writes."""
