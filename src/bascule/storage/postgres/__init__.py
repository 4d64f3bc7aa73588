"""Journal, inbox, samples and lease in PostgreSQL, for gateways with a standby elsewhere."""
