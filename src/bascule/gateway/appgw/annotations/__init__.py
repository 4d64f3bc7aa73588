"""The annotations of Azure's own ingress controller, read as it reads them and checked."""
