"""What makes a cluster live: the controllers, each a function from one object's key to writes."""
