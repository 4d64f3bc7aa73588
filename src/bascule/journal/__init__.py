"""An append-only log that knows nothing of what it records, and an inbox for commands."""
