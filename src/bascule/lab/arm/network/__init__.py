"""Microsoft.Network: virtual networks, public IPs, application gateways and their neighbours."""
