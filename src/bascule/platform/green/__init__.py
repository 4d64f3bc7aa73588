"""The new cluster in the old one's likeness: what is copied, changed, and decided anew."""
