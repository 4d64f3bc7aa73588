"""What would be created, changed, left alone or refused, and why: decided from values alone."""
