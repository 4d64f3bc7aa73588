"""What the AKS provider asks of whoever runs clusters: real processes, or nothing at all."""

from typing import Protocol

from typing_extensions import override

from bascule.lab.cluster_plan import Access, ClusterPlan


class ClusterStarter(Protocol):
    """Runs the clusters behind managed clusters; each is named by a key of its own."""

    async def apply(self, key: str, context: str, plan: ClusterPlan) -> None:
        """Have a cluster run as planned, with the data that it has; returns when it is so.

        `context` is the name of its kubeconfig's context. Raises OperationFailedError when it
        cannot be made so, such as when a pod may not be evicted from a node to be replaced.
        """
        ...

    async def stop(self, key: str) -> None:
        """End a cluster's processes and keep its data."""
        ...

    async def remove(self, key: str) -> None:
        """End a cluster and forget its data; nothing happens if there is none."""
        ...

    def allow(self, key: str, access: Access) -> None:
        """Say who of those who sign in may do what; counts at once."""
        ...

    def kubeconfig(self, key: str) -> str:
        """Return the administrator's kubeconfig (YAML); empty while the cluster has none."""
        ...

    async def close(self) -> None:
        """End all processes; what `apply` is called for again has the data of before."""
        ...


class NoClusters(ClusterStarter):
    """Runs nothing: for a lab whose clusters are documents only."""

    @override
    async def apply(self, key: str, context: str, plan: ClusterPlan) -> None:
        return None

    @override
    async def stop(self, key: str) -> None:
        return None

    @override
    async def remove(self, key: str) -> None:
        return None

    @override
    def allow(self, key: str, access: Access) -> None:
        return None

    @override
    def kubeconfig(self, key: str) -> str:
        return ""

    @override
    async def close(self) -> None:
        return None
