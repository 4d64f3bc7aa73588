"""A plain, small Kubernetes client that knows nothing of our domain."""
