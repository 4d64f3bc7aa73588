"""Open-loop load through a gateway, and a verdict on it that shares no code with the product."""
