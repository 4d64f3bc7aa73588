"""The verbs of `bascule upgrade`."""
