"""Clusters that are nothing but the plans they were started with."""

from typing_extensions import override

from bascule.lab.arm.containers.starter import ClusterStarter
from bascule.lab.arm.operations import OperationFailedError
from bascule.lab.cluster_plan import Access, ClusterPlan

KUBECONFIG = """\
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:4711", certificate-authority-data: Q0E=}}]
users: [{name: u, user: {client-certificate-data: Q0VSVA==, client-key-data: S0VZ}}]
contexts: [{name: c, context: {cluster: c, user: u}}]
current-context: c
"""


class FakeClusters(ClusterStarter):
    """Implements `ClusterStarter`; `failure` makes the next changes fail."""

    def __init__(self) -> None:
        self.plans: dict[str, ClusterPlan] = {}
        self.running: set[str] = set()
        self.access: dict[str, Access] = {}
        self.failure = ""

    @override
    async def apply(self, key: str, context: str, plan: ClusterPlan) -> None:
        if self.failure:
            raise OperationFailedError("UpgradeFailed", self.failure)
        self.plans[key] = plan
        self.running.add(key)

    @override
    async def stop(self, key: str) -> None:
        self.running.discard(key)

    @override
    async def remove(self, key: str) -> None:
        self.running.discard(key)
        self.plans.pop(key, None)

    @override
    def allow(self, key: str, access: Access) -> None:
        self.access[key] = access

    @override
    def kubeconfig(self, key: str) -> str:
        return KUBECONFIG if key in self.plans else ""

    @override
    async def close(self) -> None:
        self.running.clear()

    @property
    def plan(self) -> ClusterPlan:
        """Return the plan of the only cluster."""
        [plan] = self.plans.values()
        return plan
