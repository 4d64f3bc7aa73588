"""The judge: emulated clusters with real servers, load, and verdicts of its own."""
