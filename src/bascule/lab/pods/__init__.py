"""Pods as real servers: HTTP/1.1, HTTP/2, WebSocket and gRPC on loopback addresses."""
