"""Controllers of the cluster itself: nodes, scheduling, namespaces, garbage, definitions."""
