"""The ingress controller's job for two clusters at once."""
