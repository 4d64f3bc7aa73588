"""The page that a person reads: words, plots and tables of the evidence."""
