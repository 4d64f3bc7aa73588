"""Speed, held by ratios and figures of one run. `make bench` writes RESULTS.md."""
