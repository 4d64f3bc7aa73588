"""The verbs of `bascule platform`."""
