"""The shop: three services behind two hosts, what the demonstration moves between clusters."""
