"""Names of things that pass between packages."""

from enum import StrEnum
from typing import NewType

GatewayName = NewType("GatewayName", str)
"""The name of one gateway: a DNS label; names its state directory too."""

CommandId = NewType("CommandId", str)
"""The idempotency key of one operator command, made where the verb starts."""

CertificateDigest = NewType("CertificateDigest", str)
"""SHA-256 (hex) of a certificate chain and its key; names them without holding them."""


class Cluster(StrEnum):
    """Identity of the old (blue) and the new (green) cluster; never changes in an upgrade.

    The order of the members is the order wherever clusters are listed.
    """

    BLUE = "blue"
    GREEN = "green"

    @property
    def other(self) -> "Cluster":
        """The other one of the two."""
        return Cluster.GREEN if self is Cluster.BLUE else Cluster.BLUE
