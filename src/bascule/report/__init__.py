"""Evidence: the product's own verdict on a switch, as data and text."""
