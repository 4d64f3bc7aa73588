"""`bascule gateway VERB`: one module a verb."""
