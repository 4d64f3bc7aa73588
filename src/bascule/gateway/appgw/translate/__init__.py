"""A routing table becomes our part of a gateway's document."""
