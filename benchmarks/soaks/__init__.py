"""The proofs that `make soak` runs, a module for each kind of trial."""
