"""Azure Application Gateway v2 behind the driver protocol, over Azure Resource Manager."""
