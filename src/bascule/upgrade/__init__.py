"""Plans as data and the executor that runs them; pure but for its ports."""
