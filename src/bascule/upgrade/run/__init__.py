"""The run of an upgrade: stages, events, the state that they fold to, and what comes next."""
