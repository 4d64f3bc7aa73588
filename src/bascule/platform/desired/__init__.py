"""What should exist, as documents of ARM in the order in which they are made."""
