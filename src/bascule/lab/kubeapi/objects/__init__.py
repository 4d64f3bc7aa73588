"""What a Kubernetes API server does to objects, as pure functions over their JSON."""
