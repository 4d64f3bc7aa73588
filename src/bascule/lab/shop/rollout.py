"""Brings the shop to the clusters of a lab that runs."""

from datetime import UTC, datetime
from time import time

from bascule.errors import NotFoundError
from bascule.lab.shop.certificates import load_certificate
from bascule.lab.shop.deploy import deploy, load_target, together
from bascule.lab.shop.manifests import SHOP_HOST, ShopOptions, build_shop
from bascule.lab.supervisor.description import ClusterDescription, LabDirectory


async def deploy_to_lab(
    directory: LabDirectory, *, cluster: str = "", routes: int = 0
) -> dict[str, int]:
    """Deploy to one cluster or (empty) to all at once; return the number of objects by context.

    The authority of the shop's certificate is in the lab's directory, shop-ca.crt.
    """
    lab = directory.load()
    wanted = [item for item in lab.clusters if cluster in {"", item.name}] if lab else []
    if lab is None or not wanted:
        raise NotFoundError(f"there is no cluster {cluster!r} in {directory.path}")
    now = datetime.fromtimestamp(time(), UTC)
    host = load_certificate(directory.path, (SHOP_HOST,), now=now)
    options = ShopOptions(routes=routes)

    async def to(item: ClusterDescription) -> int:
        target = load_target(directory.kubeconfig, lab.context(item.name))
        objects = build_shop(item.version, host.certificate, host.key, options=options)
        return await deploy(target, objects)

    counts = await together(to(item) for item in wanted)
    return {lab.context(item.name): count for item, count in zip(wanted, counts, strict=True)}
