"""Application gateways of the lab that serve for real: Envoys made from ARM documents."""
