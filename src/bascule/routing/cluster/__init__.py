"""What one cluster asks of the gateway, before it is merged with what the other one asks."""
