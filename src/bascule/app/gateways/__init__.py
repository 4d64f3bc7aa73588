"""One module a kind of gateway: how a runtime opens it, and what it is told of it."""
