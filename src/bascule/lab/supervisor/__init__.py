"""Labs on this machine: their directories, networks and processes."""
