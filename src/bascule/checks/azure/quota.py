"""Checks that the quota of vCPUs is enough for both clusters at once.

What runs now is counted by Azure; green is added, and blue too where it is stopped.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.facts import AksFacts, AzureFacts, PoolFacts, SizeFacts, Usage
from bascule.checks.azure.nodes import nodes_at_most, nodes_now
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding

ALL_CORES = "cores"
SPOT_CORES = "lowPriorityCores"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """vCPUs that come on top of what is used: as things are, and at the autoscalers' most."""

    now: int = 0
    most: int = 0


def check_quota(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return a blocker for each quota that green does not fit into, a warning where it may not."""
    if isinstance(facts.sizes, Unreadable) or isinstance(facts.usages, Unreadable):
        return ()
    coming = [each for each in facts.clusters.values() if not (each.exists and each.is_running)]
    growing = [each for each in facts.clusters.values() if each.exists and each.is_running]
    now = _sum(coming, facts.sizes, nodes_now)
    most = _add(
        _sum(coming, facts.sizes, nodes_at_most),
        _sum(growing, facts.sizes, lambda pool: max(0, pool.nodes_max - pool.nodes)),
    )
    usages = {usage.name.lower(): usage for usage in facts.usages}
    found: list[Finding] = []
    for name in sorted(set(now) | set(most)):
        need = _Need(now=now.get(name, 0), most=most.get(name, 0))
        found += _judge(name, usages.get(name.lower()), need)
    return tuple(found)


def _judge(name: str, usage: Usage | None, need: _Need) -> Iterator[Finding]:
    if usage is None:
        yield warning(
            "QuotaUnknown",
            "green",
            message=f"Azure told no quota of {name} vCPUs; {need.now} more are needed",
            remedy="look at `az vm list-usage` before green is made",
        )
        return
    free = usage.limit - usage.used
    said = f"{free} of {usage.limit} {name} vCPUs are free"
    if need.now > free:
        yield blocker(
            "QuotaExceeded",
            "green",
            message=f"{said}, and both clusters at once need {need.now} more",
            remedy=f"ask for at least {usage.used + need.now}, or make green smaller",
        )
    elif need.most > free:
        yield warning(
            "QuotaTight",
            "green",
            message=f"{said}, and both clusters need {need.most} more if their autoscalers do"
            " all they may",
            remedy=f"ask for at least {usage.used + need.most}, or lower what they may",
        )


def _sum(
    clusters: list[AksFacts], sizes: Mapping[str, SizeFacts], count: Callable[[PoolFacts], int]
) -> dict[str, int]:
    """Return vCPUs by the name of the quota; a size that is not known is another check's find."""
    total: dict[str, int] = {}
    for pool in (pool for cluster in clusters for pool in cluster.pools):
        size = sizes.get(pool.size.lower())
        if size is None:
            continue
        vcpus = size.vcpus * count(pool)
        for name in (SPOT_CORES,) if pool.is_spot else (ALL_CORES, size.family):
            total[name] = total.get(name, 0) + vcpus
    return total


def _add(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {*one, *other}}
