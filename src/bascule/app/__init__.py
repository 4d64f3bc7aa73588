"""The root: settings, wiring, runtime."""
