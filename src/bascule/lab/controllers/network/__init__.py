"""Controllers of how pods are reached: Service addresses, EndpointSlices, Endpoints."""
