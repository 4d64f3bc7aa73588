"""Gateways behind one driver protocol."""
