"""The neutral model of what a gateway should do, and how it is made from two clusters."""
