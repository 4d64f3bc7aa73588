"""A Kubernetes API server of one process: what kubectl and client libraries see of a cluster."""
