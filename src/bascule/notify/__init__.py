"""News of an upgrade for people and machines elsewhere: CloudEvents over HTTP, commands."""
