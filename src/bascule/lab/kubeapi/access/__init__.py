"""Who may do what: certificates, tokens, users, roles."""
