"""The plan of an upgrade: steps as data, made once, shown, approved, and run as stored."""
