"""What is known of an upgrade, taken from its journal and its samples."""
