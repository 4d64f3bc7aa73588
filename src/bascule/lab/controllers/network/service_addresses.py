"""Gives Services their addresses: cluster IPs, node ports, and those of load balancers."""

import ipaddress
from collections.abc import Iterable
from typing import Any, NamedTuple

from bascule.lab.controllers.ownership import key_of
from bascule.lab.controllers.work import Key
from bascule.lab.kubeapi.changes import Change
from bascule.lab.kubeapi.objects.statuses import StatusError
from bascule.lab.kubeapi.store import Store
from bascule.lab.pods.network import AddressSpan

Object = dict[str, Any]

SERVICE_NETWORK = "10.96.0.0/16"
FIRST_OFFSET = 11
"""The first ten addresses are kept for the cluster itself: .1 is the API server's, .10 DNS."""
NODE_PORT_FIRST = 30_000
NODE_PORT_LAST = 32_767
_WITH_NODE_PORTS = frozenset({"NodePort", "LoadBalancer"})


class _Holder(NamedTuple):
    namespace: str
    name: str
    uid: str


class ServiceAddresses:
    """Gives addresses out; its `admit` is called for every Service before it is stored.

    What is taken is remembered with its holder, and free again once the store no longer says so:
    a dry run or a refused write leaves nothing behind.
    """

    resources = ("services",)

    def __init__(
        self, store: Store, balancers: AddressSpan, services: str = SERVICE_NETWORK
    ) -> None:
        self._store = store
        self._balancers = balancers
        self._services = _span_of(services)
        self._ips: dict[str, _Holder] = {}
        self._ports: dict[int, _Holder] = {}
        self._outer_ips: dict[str, _Holder] = {}
        self._next_ip = self._services.first
        for service in store.list("services").items:
            self._note(service)

    # At the door: before a Service is stored.

    def admit(self, _resource: str, new: Object, old: Object | None) -> Object:
        """Return the Service with its cluster IP and node ports. Raises StatusError (422)."""
        spec = dict(new["spec"])
        kind = spec.get("type", "ClusterIP")
        if kind == "ExternalName":
            for field in ("clusterIP", "clusterIPs"):
                spec.pop(field, None)
            return {**new, "spec": spec}
        self._give_cluster_ip(new, spec, old)
        if kind in _WITH_NODE_PORTS and spec.get("allocateLoadBalancerNodePorts", True):
            spec["ports"] = self._with_node_ports(new, spec, old)
        elif kind == "ClusterIP" and old and old["spec"].get("type") in _WITH_NODE_PORTS:
            spec["ports"] = [_without(port, "nodePort") for port in spec.get("ports") or ()]
        return {**new, "spec": spec}

    def _give_cluster_ip(self, new: Object, spec: Object, old: Object | None) -> None:
        before = (old or {}).get("spec", {}).get("clusterIP", "")
        wanted = spec.get("clusterIP") or before
        if before not in {"", "None", wanted}:
            problem = f'Invalid value: ["{wanted}"]: may not change once set'
            raise _invalid(new, "spec.clusterIPs[0]", problem)
        holder = _holder(new)
        if not wanted:
            wanted = self._free_ip(holder)
        elif wanted != "None" and self._is_taken(self._ips.get(wanted), holder):
            raise _invalid(
                new,
                "spec.clusterIPs",
                f'Invalid value: ["{wanted}"]: failed to allocate IP {wanted}: '
                "provided IP is already allocated",
            )
        if wanted != "None":
            self._ips[wanted] = holder
        spec["clusterIP"] = wanted
        spec["clusterIPs"] = [wanted]
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")

    def _with_node_ports(self, new: Object, spec: Object, old: Object | None) -> list[Object]:
        before = {
            (port.get("name", ""), port["port"]): port.get("nodePort")
            for port in (old or {}).get("spec", {}).get("ports") or ()
        }
        holder = _holder(new)
        ports: list[Object] = []
        for number, port in enumerate(spec.get("ports") or ()):
            wanted = port.get("nodePort") or before.get((port.get("name", ""), port["port"]))
            if wanted and self._is_taken(self._ports.get(wanted), holder):
                field = f"spec.ports[{number}].nodePort"
                problem = f"Invalid value: {wanted}: provided port is already allocated"
                raise _invalid(new, field, problem)
            given = {port["nodePort"] for port in ports}
            wanted = wanted or self._free_port(holder, given)
            self._ports[wanted] = holder
            ports.append({**port, "nodePort": wanted})
        return ports

    def _free_ip(self, holder: _Holder) -> str:
        for number in self._services.numbers(self._next_ip):
            address = str(ipaddress.IPv4Address(number))
            if not self._is_taken(self._ips.get(address), holder):
                self._next_ip = number + 1
                return address
        raise StatusError("no cluster IP is free", code=500, reason="InternalError")

    def _free_port(self, holder: _Holder, given: set[int]) -> int:
        for port in range(NODE_PORT_FIRST, NODE_PORT_LAST + 1):
            if port not in given and not self._is_taken(self._ports.get(port), holder):
                return port
        raise StatusError("no node port is free", code=500, reason="InternalError")

    def _is_taken(self, by: _Holder | None, asker: _Holder) -> bool:
        if by is None or by == asker:
            return False
        service = self._store.find("services", by.name, by.namespace)
        return service is not None and service["metadata"]["uid"] == by.uid

    # Afterwards: the addresses of load balancers.

    def keys(self, change: Change) -> Iterable[Key]:
        """Name the Service."""
        return (key_of(change),)

    def reconcile(self, key: Key) -> float | None:
        """Give a Service of type LoadBalancer its outer address, and take it from any other."""
        service = self._store.find("services", key.name, key.namespace)
        if service is None:
            return None
        status = service.get("status") or {}
        has_address = bool((status.get("loadBalancer") or {}).get("ingress"))
        wants_address = service["spec"].get("type") == "LoadBalancer"
        if wants_address == has_address:
            return None
        ingress = [{"ip": self._outer_ip(_holder(service))}] if wants_address else []
        balancer: Object = {"ingress": ingress} if ingress else {}
        changed = {**service, "status": {**status, "loadBalancer": balancer}}
        self._store.update_status("services", changed)
        return None

    def _outer_ip(self, holder: _Holder) -> str:
        for number in self._balancers.numbers():
            address = str(ipaddress.IPv4Address(number))
            if not self._is_taken(self._outer_ips.get(address), holder):
                self._outer_ips[address] = holder
                return address
        raise StatusError("no load balancer address is free", code=500, reason="InternalError")

    def _note(self, service: Object) -> None:
        holder = _holder(service)
        spec = service["spec"]
        if spec.get("clusterIP") not in {None, "", "None"}:
            self._ips[spec["clusterIP"]] = holder
        for port in spec.get("ports") or ():
            if port.get("nodePort"):
                self._ports[port["nodePort"]] = holder
        balancer = (service.get("status") or {}).get("loadBalancer") or {}
        for entry in balancer.get("ingress") or ():
            self._outer_ips[entry["ip"]] = holder


def first_address(services: str) -> str:
    """Return the address that the API server has as a Service."""
    return str(ipaddress.IPv4Network(services).network_address + 1)


def _span_of(services: str) -> AddressSpan:
    network = ipaddress.IPv4Network(services)
    base = int(network.network_address)
    return AddressSpan(first=base + FIRST_OFFSET, last=base + network.num_addresses - 2)


def _holder(service: Object) -> _Holder:
    metadata = service["metadata"]
    return _Holder(metadata.get("namespace", ""), metadata["name"], metadata["uid"])


def _invalid(service: Object, field: str, problem: str) -> StatusError:
    name = service["metadata"]["name"]
    return StatusError(
        f'Service "{name}" is invalid: {field}: {problem}',
        code=422,
        reason="Invalid",
        details={
            "name": name,
            "kind": "Service",
            "causes": [{"reason": "FieldValueInvalid", "message": problem, "field": field}],
        },
    )


def _without(port: Object, field: str) -> Object:
    return {key: value for key, value in port.items() if key != field}
