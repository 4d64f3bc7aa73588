"""Microsoft.Resources/deployments: templates, and the requests that they turn into."""
