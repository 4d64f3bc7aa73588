"""A small part of Kusto's query language; what is not in it is refused by name."""
