"""Application gateways: documents that are replaced whole, and what Azure makes of them."""
