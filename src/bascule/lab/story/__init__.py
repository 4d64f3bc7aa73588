"""The demonstration: a shop moves between two lab clusters under load, and a judge looks on."""
