"""Envoy as the gateway, over xDS."""
