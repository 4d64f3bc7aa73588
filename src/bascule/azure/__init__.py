"""A plain client of Azure Resource Manager; it knows nothing of our domain."""
