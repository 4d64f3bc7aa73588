"""News of an upgrade: CloudEvents to webhooks and commands."""
