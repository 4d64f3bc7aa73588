"""The shop that an application gateway sends to: as everywhere, but for gRPC, which it has not."""

from bascule.lab.shop.certificates import HostCertificate
from bascule.lab.shop.deploy import Target, deploy
from bascule.lab.shop.manifests import Object, ShopOptions, build_shop

GRPC_PORT = "grpc"
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


async def deploy_shop(target: Target, version: str, made: HostCertificate) -> None:
    """Deploy the shop to a cluster and return when its pods are ready."""
    await deploy(target, build_objects(version, made))


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
