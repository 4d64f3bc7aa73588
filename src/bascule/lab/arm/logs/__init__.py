"""Log Analytics in the lab: where access logs of gateways go, and who may ask them what."""
