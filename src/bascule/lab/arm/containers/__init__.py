"""Microsoft.ContainerService: managed clusters, each a real lab cluster, and their node pools."""
