"""The machines of a cluster: which there are of each pool, with their names and addresses. Pure.

They are kept in a record beside the cluster's document, which no answer shows.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bascule.lab.arm.containers.blocks import Block

Record = dict[str, Any]

_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
_NAME_DIGITS: Final = 6


class NoNodeAddressError(Exception):
    """The subnet has no address left for one more node."""


def new_record(cluster_id: str, *, cluster_hash: str, block: str, key: str) -> Record:
    """Return the record of a cluster without machines."""
    return {
        "id": record_id(cluster_id),
        "type": "Lab/clusters",
        "cluster": cluster_id,
        "key": key,
        "hash": cluster_hash,
        "block": block,
        "pools": {},
        "generation": 0,
    }


def record_id(cluster_id: str) -> str:
    """Return where a cluster's record is kept: outside every subscription."""
    return f"/lab{cluster_id.lower()}"


def with_machines(
    record: Record, profiles: Sequence[Mapping[str, Any]], block: Block, *, spare_for: str = ""
) -> Record:
    """Return the record with as many machines as the profiles say, and the next generation.

    Those there are stay; the newest go first. `spare_for` names the pool (or `*`) whose machines
    are replaced and that needs one more meanwhile. Raises NoNodeAddressError.
    """
    pools: dict[str, Any] = {}
    taken = {each["offset"] for pool in record["pools"].values() for each in pool["machines"]}
    for profile in profiles:
        name, count = profile["name"], profile["count"]
        pool = record["pools"].get(name) or {"next": 0, "machines": []}
        machines, following = list(pool["machines"])[:count], pool["next"]
        taken -= {each["offset"] for each in pool["machines"][count:]}
        while len(machines) < count:
            machines.append(_machine(following, taken, block))
            following += 1
        pools[name] = {"next": following, "machines": machines}
    for name, pool in pools.items():
        if pool["machines"] and spare_for in {name, "*"}:
            pool["spare"] = _machine(pool["next"], taken, block)
            pool["next"] += 1
    return {**record, "pools": pools, "generation": record["generation"] + 1}


def scale_set_name(pool: str, cluster_hash: str) -> str:
    """Return `aks-nodepool1-12345678-vmss`."""
    return f"aks-{pool}-{cluster_hash}-vmss"


def machine_name(pool: str, cluster_hash: str, instance: int) -> str:
    """Return `aks-nodepool1-12345678-vmss000000`: the instance's number to the base 36."""
    digits = ""
    while instance or not digits:
        instance, digit = divmod(instance, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return scale_set_name(pool, cluster_hash) + digits.rjust(_NAME_DIGITS, "0")


def _machine(instance: int, taken: set[int], block: Block) -> dict[str, int]:
    for offset in block.node_addresses:
        if offset not in taken:
            taken.add(offset)
            return {"instance": instance, "offset": offset}
    raise NoNodeAddressError
