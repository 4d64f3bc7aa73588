"""Typed, frozen views of the Kubernetes objects that routing reads."""
