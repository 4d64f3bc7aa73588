"""The nodes of a cluster, and the heartbeats that keep them Ready."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bascule.lab.controllers.ownership import key_of
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.store import Store, timestamp

Object = dict[str, Any]

HEARTBEAT_S = 10.0
LEASE_S = 40
LEASES = "leases.coordination.k8s.io"
LEASE_NAMESPACE = "kube-node-lease"
_ZONES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeShape:
    """How many nodes a cluster has, and how large each is."""

    count: int = 3
    cpu: str = "16"
    memory: str = "64Gi"
    pods: str = "5000"
    """Far more than a real node's 110, so that large tests need no large clusters."""


class NodeController:
    """Creates the nodes once, renews their Leases, and forgets the pods of nodes that are gone."""

    resources = ("nodes", "namespaces")

    def __init__(
        self, store: Store, *, cluster: str, version: str, network: str, shape: NodeShape
    ) -> None:
        self._store = store
        self._cluster = cluster
        self._version = version
        self._network = network
        self._shape = shape

    def node_names(self) -> tuple[str, ...]:
        """Return the names of the nodes that a new cluster has."""
        return tuple(f"{self._cluster}-node-{number + 1}" for number in range(self._shape.count))

    def fill(self) -> None:
        """Create the nodes of a new cluster, and make those of an old one say its version."""
        existing = {item["metadata"]["name"]: item for item in self._store.list("nodes").items}
        for number, name in enumerate(self.node_names()):
            if not existing:
                self._store.create("nodes", self._node(name, number))
            elif name in existing:
                status = {**existing[name].get("status", {}), **self._status(name, number)}
                self._store.update_status("nodes", {**existing[name], "status": status})

    def host(self, name: str) -> str:
        """Return the address of a node."""
        names = self.node_names()
        number = names.index(name) + 1 if name in names else 254
        return f"{self._network}.0.{number}"

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the node."""
        return (key_of(change),) if change.resource == "nodes" else ()

    def reconcile(self, key: Key) -> float | None:
        """Renew one node's Lease; the pods of a node that was deleted are deleted too."""
        node = self._store.find("nodes", key.name)
        if node is None:
            for pod in self._store.list("pods").items:
                if pod["spec"].get("nodeName") == key.name:
                    metadata = pod["metadata"]
                    self._store.delete("pods", metadata["name"], metadata["namespace"])
            if self._store.find(LEASES, key.name, LEASE_NAMESPACE):
                self._store.delete(LEASES, key.name, LEASE_NAMESPACE)
            return None
        self._renew(node)
        return HEARTBEAT_S

    def _renew(self, node: Object) -> None:
        name = node["metadata"]["name"]
        now = self._store.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        lease = self._store.find(LEASES, name, LEASE_NAMESPACE)
        if lease is not None:
            spec = {**lease["spec"], "renewTime": now}
            self._store.update(LEASES, {**lease, "spec": spec})
        elif self._store.find("namespaces", LEASE_NAMESPACE) is not None:
            owner = {"apiVersion": "v1", "kind": "Node", "name": name}
            metadata = {
                "name": name,
                "namespace": LEASE_NAMESPACE,
                "ownerReferences": [{**owner, "uid": node["metadata"]["uid"]}],
            }
            spec = {"holderIdentity": name, "leaseDurationSeconds": LEASE_S, "renewTime": now}
            self._store.create(LEASES, {"metadata": metadata, "spec": spec})

    def _node(self, name: str, number: int) -> Object:
        labels = {
            "beta.kubernetes.io/arch": "amd64",
            "beta.kubernetes.io/os": "linux",
            "kubernetes.io/arch": "amd64",
            "kubernetes.io/hostname": name,
            "kubernetes.io/os": "linux",
            "node.kubernetes.io/instance-type": "lab",
            "topology.kubernetes.io/region": "lab",
            "topology.kubernetes.io/zone": f"lab-{number % _ZONES + 1}",
            "lab.bascule.dev/kubernetes-version": self._version,
        }
        return {
            "metadata": {"name": name, "labels": labels},
            "spec": {"podCIDR": f"{self._network}.0.0/16", "providerID": f"lab://{name}"},
            "status": self._status(name, number),
        }

    def _status(self, name: str, number: int) -> Object:
        resources = {
            "cpu": self._shape.cpu,
            "memory": self._shape.memory,
            "pods": self._shape.pods,
            "ephemeral-storage": "100Gi",
        }
        return {
            "capacity": resources,
            "allocatable": dict(resources),
            "conditions": self._conditions(),
            "addresses": [
                {"type": "InternalIP", "address": f"{self._network}.0.{number + 1}"},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": f"{name}-boot",
                "containerRuntimeVersion": "lab://1",
                "kernelVersion": "lab",
                "kubeProxyVersion": f"v{self._version}.0",
                "kubeletVersion": f"v{self._version}.0",
                "machineID": name,
                "operatingSystem": "linux",
                "osImage": "Bascule lab",
                "systemUUID": name,
            },
            "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        }

    def _conditions(self) -> list[Object]:
        now = timestamp(self._store.clock.now())
        healthy = (
            ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
            ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
            ("PIDPressure", "False", "KubeletHasSufficientPID"),
            ("Ready", "True", "KubeletReady"),
        )
        return [
            {
                "type": kind,
                "status": status,
                "reason": reason,
                "message": "kubelet is posting ready status" if kind == "Ready" else "",
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }
            for kind, status, reason in healthy
        ]
