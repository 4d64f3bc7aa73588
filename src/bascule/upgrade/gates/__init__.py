"""Gates: samples in, verdict and reasons out; nothing is asked and nothing is changed here."""
