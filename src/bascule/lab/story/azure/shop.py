"""The shop that an application gateway sends to: as everywhere, but for gRPC, which it has not."""

import copy
from collections.abc import Sequence

from bascule.lab.arm.addresses import real_address
from bascule.lab.shop.certificates import HostCertificate
from bascule.lab.shop.deploy import Target, deploy, open_api
from bascule.lab.shop.manifests import (
    CONTAINER_PORT,
    NAMESPACE,
    REPLICAS,
    Object,
    ShopOptions,
    build_shop,
)

GRPC_PORT = "grpc"
TWIN = "-here"
LATENCY_MS = 25
PRE_STOP_S = 10
"""A pod answers so long after it was told to end: more than a fast Azure takes for a change."""
GRACE_S = 30


def build_objects(version: str, made: HostCertificate) -> tuple[Object, ...]:
    """Return the shop's objects without what leads to its gRPC port."""
    options = ShopOptions(
        pre_stop_s=PRE_STOP_S,
        grace_s=GRACE_S,
        annotations={"lab.bascule.dev/latency-ms": str(LATENCY_MS)},
    )
    everything = build_shop(version, made.certificate, made.key, options=options)
    return tuple(_without_grpc(each) for each in everything)


async def deploy_shop(
    target: Target, version: str, made: HostCertificate, *, is_dialled_here: bool = False
) -> None:
    """Deploy the shop to a cluster and return when its pods are ready.

    With `is_dialled_here` its Ingresses lead to the addresses at which the pods really listen: an
    Envoy of this machine reaches no other ones.
    """
    objects = build_objects(version, made)
    if not is_dialled_here:
        await deploy(target, objects)
        return
    ingresses = [each for each in objects if each["kind"] == "Ingress"]
    await deploy(target, tuple(each for each in objects if each["kind"] != "Ingress"))
    async with open_api(target) as api:
        listed = await api.get(f"/api/v1/namespaces/{NAMESPACE}/pods")
    twins = [each for name in REPLICAS for each in build_twin(name, listed["items"])]
    await deploy(target, (*twins, *(lead_to_twins(each) for each in ingresses)))


def build_twin(name: str, pods: Sequence[Object]) -> tuple[Object, Object]:
    """Return a Service beside another one, with its pods at the addresses where they listen."""
    metadata = {"name": f"{name}{TWIN}", "namespace": NAMESPACE}
    addresses = sorted(
        real_address(pod["status"]["podIP"])
        for pod in pods
        if pod["metadata"].get("labels", {}).get("app") == name and pod["status"].get("podIP")
    )
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"ports": [{"name": "http", "port": 80, "targetPort": CONTAINER_PORT}]},
    }
    return service, {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {**metadata, "labels": {"kubernetes.io/service-name": metadata["name"]}},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": CONTAINER_PORT, "protocol": "TCP"}],
        "endpoints": [{"addresses": [each], "conditions": {"ready": True}} for each in addresses],
    }


def lead_to_twins(ingress: Object) -> Object:
    """Return an Ingress whose paths lead to the Services beside its own."""
    changed = copy.deepcopy(ingress)
    for rule in changed["spec"]["rules"]:
        for path in rule["http"]["paths"]:
            path["backend"]["service"]["name"] += TWIN
    return changed


def _without_grpc(each: Object) -> Object:
    if each["kind"] != "Ingress":
        return each
    rules = [
        {**rule, "http": {"paths": [path for path in rule["http"]["paths"] if not _is_grpc(path)]}}
        for rule in each["spec"]["rules"]
    ]
    return {**each, "spec": {**each["spec"], "rules": rules}}


def _is_grpc(path: Object) -> bool:
    return bool(path["backend"]["service"]["port"].get("name") == GRPC_PORT)
