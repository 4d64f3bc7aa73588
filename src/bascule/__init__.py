"""Moves all the traffic of a Kubernetes cluster to a new one, and back, losing nothing."""

__version__ = "0.1.0"
