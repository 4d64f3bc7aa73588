"""What the user writes, parsed once into typed values."""
