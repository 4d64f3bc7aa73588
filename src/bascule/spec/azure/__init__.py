"""The parts of `platform.yaml`: networks, gateway, clusters, access, prices."""
