"""Journal and inbox on disk."""
