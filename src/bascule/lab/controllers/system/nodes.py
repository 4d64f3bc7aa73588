"""The nodes of a cluster, and the heartbeats that keep them Ready."""

from collections.abc import Iterable, Mapping
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What one node is."""

    name: str
    address: str
    version: str
    """Of its kubelet, such as `1.35.2`."""
    labels: Mapping[str, str]
    shape: NodeShape
    taints: tuple[Object, ...] = ()
    provider_id: str = ""
    pod_cidr: str = ""


def machines_of(cluster: str, version: str, network: str, shape: NodeShape) -> tuple[Machine, ...]:
    """Return the nodes of a plain lab cluster with a /16 such as `127.64`."""
    return tuple(
        Machine(
            name=f"{cluster}-node-{number + 1}",
            address=f"{network}.0.{number + 1}",
            version=version if version.count(".") > 1 else f"{version}.0",
            labels={
                "node.kubernetes.io/instance-type": "lab",
                "topology.kubernetes.io/region": "lab",
                "topology.kubernetes.io/zone": f"lab-{number % _ZONES + 1}",
                "lab.bascule.dev/kubernetes-version": version,
            },
            shape=shape,
            provider_id=f"lab://{cluster}-node-{number + 1}",
            pod_cidr=f"{network}.0.0/16",
        )
        for number in range(shape.count)
    )


class NodeController:
    """Creates the nodes once, renews their Leases, and forgets the pods of nodes that are gone."""

    resources = ("nodes", "namespaces")

    def __init__(self, store: Store, machines: Iterable[Machine] = ()) -> None:
        self._store = store
        self._machines = {machine.name: machine for machine in machines}

    def node_names(self) -> tuple[str, ...]:
        """Return the names of the nodes that there are to be."""
        return tuple(self._machines)

    def fill(self) -> None:
        """Create the nodes of a new cluster, and make those of an old one say its version."""
        existing = {item["metadata"]["name"] for item in self._store.list("nodes").items}
        for machine in self._machines.values():
            if not existing or machine.name in existing:
                self.put(machine)

    def put(self, machine: Machine) -> None:
        """Have a node of this kind, new or changed; what others wrote on it stays."""
        self._machines[machine.name] = machine
        node = self._store.find("nodes", machine.name)
        if node is None:
            self._store.create("nodes", self._node(machine))
            return
        labels = {**(node["metadata"].get("labels") or {}), **_labels(machine)}
        spec = {**node.get("spec", {})}
        if machine.taints:
            spec["taints"] = list(machine.taints)
        changed = {**node, "metadata": {**node["metadata"], "labels": labels}, "spec": spec}
        node = self._store.update("nodes", changed)
        status = {**node.get("status", {}), **self._status(machine)}
        self._store.update_status("nodes", {**node, "status": status})

    def forget(self, name: str) -> None:
        """Know a node no longer; its object is deleted by whoever calls this."""
        self._machines.pop(name, None)

    def host(self, name: str) -> str:
        """Return the address of a node; empty if there is none of this name."""
        machine = self._machines.get(name)
        return machine.address if machine is not None else ""

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

    def _node(self, machine: Machine) -> Object:
        spec: Object = {"providerID": machine.provider_id}
        if machine.pod_cidr:
            spec["podCIDR"] = machine.pod_cidr
        if machine.taints:
            spec["taints"] = list(machine.taints)
        return {
            "metadata": {"name": machine.name, "labels": _labels(machine)},
            "spec": spec,
            "status": self._status(machine),
        }

    def _status(self, machine: Machine) -> Object:
        name, shape = machine.name, machine.shape
        resources = {
            "cpu": shape.cpu,
            "memory": shape.memory,
            "pods": shape.pods,
            "ephemeral-storage": "100Gi",
        }
        return {
            "capacity": resources,
            "allocatable": dict(resources),
            "conditions": self._conditions(),
            "addresses": [
                {"type": "InternalIP", "address": machine.address},
                {"type": "Hostname", "address": name},
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": f"{name}-boot",
                "containerRuntimeVersion": "lab://1",
                "kernelVersion": "lab",
                "kubeProxyVersion": f"v{machine.version}",
                "kubeletVersion": f"v{machine.version}",
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


def _labels(machine: Machine) -> dict[str, str]:
    return {
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": machine.name,
        "kubernetes.io/os": "linux",
        **machine.labels,
    }
