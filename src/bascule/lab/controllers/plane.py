"""The control plane of one cluster: which controllers there are, and in which order they look."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bascule.lab.controllers.events import EventExpiry, EventRecorder
from bascule.lab.controllers.kubelet.kubelet import Kubelet
from bascule.lab.controllers.kubelet.pod_runtime import NodeWorld
from bascule.lab.controllers.network.endpoint_slices import EndpointSliceController
from bascule.lab.controllers.network.load_balancers import LoadBalancers
from bascule.lab.controllers.network.service_addresses import SERVICE_NETWORK, ServiceAddresses
from bascule.lab.controllers.system.budgets import BudgetController
from bascule.lab.controllers.system.claims import ClaimController
from bascule.lab.controllers.system.garbage import GarbageCollector
from bascule.lab.controllers.system.namespaces import NamespaceController
from bascule.lab.controllers.system.nodes import Machine, NodeController
from bascule.lab.controllers.system.scheduler import Scheduler
from bascule.lab.controllers.work import Controller, Dispatcher
from bascule.lab.controllers.workloads.autoscalers import AutoscalerController
from bascule.lab.controllers.workloads.cron_jobs import CronJobController
from bascule.lab.controllers.workloads.daemon_sets import DaemonSetController
from bascule.lab.controllers.workloads.deployments import DeploymentController
from bascule.lab.controllers.workloads.jobs import JobController, admit_job
from bascule.lab.controllers.workloads.pod_sets import REPLICATION_CONTROLLER, PodSetController
from bascule.lab.controllers.workloads.stateful_sets import StatefulSetController
from bascule.lab.kubeapi.store import Store
from bascule.lab.pods.ledger import Ledger
from bascule.lab.pods.logs import ContainerLog
from bascule.lab.pods.network import AddressSpan, PodNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneOptions:
    """What a cluster is."""

    cluster: str
    version: str
    network: PodNetwork
    authority_pem: bytes
    machines: tuple[Machine, ...]
    """The nodes that it has from the beginning."""
    balancers: AddressSpan
    services: str = SERVICE_NETWORK
    """The range of cluster IPs."""
    wall_s: Callable[[], float]
    latency_ms: float = 0.0
    """Latency of pods whose template does not set its own."""


class ControlPlane:
    """All controllers over one store; `run` is the cluster's life."""

    def __init__(self, store: Store, ledger: Ledger, rng: Random, options: PlaneOptions) -> None:
        self._store = store
        self._options = options
        self.nodes = NodeController(store, options.machines)
        self._addresses = ServiceAddresses(store, options.balancers, options.services)
        store.add_admission("services", self._addresses.admit)
        store.add_admission("jobs.batch", admit_job)
        self._balancers = LoadBalancers(store, options.balancers, options.network.pods)
        self._claims = ClaimController(store)
        self._world = NodeWorld(
            store=store,
            network=options.network,
            ledger=ledger,
            cluster=options.cluster,
            version=options.version,
            rng=rng,
            wall_s=options.wall_s,
            host_of_node=self.nodes.host,
            latency_ms=options.latency_ms,
            events=EventRecorder(store, "kubelet"),
        )
        self._kubelet: Kubelet | None = None

    async def run(self) -> None:
        """Keep the cluster alive until cancelled; pods end with it, as if the power went."""
        self.nodes.fill()
        self._claims.fill()
        async with asyncio.TaskGroup() as tasks:
            kubelet = self._kubelet = Kubelet(self._world, tasks)
            dispatcher = Dispatcher(
                self._store,
                (*self._controllers(), kubelet),
                asyncio.get_running_loop().time,
            )
            tasks.create_task(self._balancers.run())
            await dispatcher.run()

    def upgrade(self, version: str) -> None:
        """Have the pods that start from now on say another version."""
        self._world.version = version

    def log_of(
        self, namespace: str, pod: str, container: str, *, previous: bool = False
    ) -> ContainerLog | None:
        """Return what a container has written, or None while it has not started."""
        if self._kubelet is None:
            return None
        return self._kubelet.log_of(namespace, pod, container, previous=previous)

    def _controllers(self) -> tuple[Controller, ...]:
        """Return the controllers in order: endpoints are told first, the kubelet comes last."""
        store = self._store
        return (
            EndpointSliceController(store),
            self._addresses,
            *((self._balancers,) if self._options.balancers.bound_to else ()),
            NamespaceController(store, self._options.authority_pem),
            self.nodes,
            DeploymentController(store),
            PodSetController(store),
            PodSetController(store, REPLICATION_CONTROLLER),
            StatefulSetController(store),
            DaemonSetController(store),
            JobController(store),
            CronJobController(store),
            AutoscalerController(store),
            BudgetController(store),
            self._claims,
            Scheduler(store),
            GarbageCollector(store),
            EventExpiry(store),
        )
