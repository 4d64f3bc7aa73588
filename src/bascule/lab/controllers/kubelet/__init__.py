"""The kubelets of all nodes: they turn Pod objects into running servers, and tell how these are."""
