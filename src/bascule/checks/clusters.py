"""Checks on the clusters themselves: two of them, reachable, with versions that make sense."""

import re

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import ClusterFacts, Inventory
from bascule.ids import Cluster

_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")
_REACH = "make it reachable from here with this kubeconfig, and run this again"


def check_reachable(inventory: Inventory) -> tuple[Finding, ...]:
    """Return a finding for each cluster that does not answer.

    One that is not there yet is no fault: it is made, or waited for, before anything else.
    A blocker, but for a blue that is known from before: that it is dying never keeps traffic there.
    """
    return tuple(
        _unreachable(cluster, facts)
        for cluster, facts in sorted(inventory.clusters.items())
        if facts.reason or not facts.snapshot.is_complete
    )


def _unreachable(cluster: Cluster, facts: ClusterFacts) -> Finding:
    if facts.is_awaited:
        return Finding(
            severity=Severity.INFO,
            code="ClusterAwaited",
            subject=cluster.value,
            message=f"{cluster} ({facts.name or 'without a name'}) is not there yet",
        )
    is_known = cluster is Cluster.BLUE and facts.snapshot.is_complete
    what = "does not answer, and is as it was known last" if is_known else "is not known"
    return Finding(
        severity=Severity.WARNING if is_known else Severity.BLOCKER,
        code="ClusterUnreachable",
        subject=cluster.value,
        message=f"{cluster} ({facts.name or 'without a name'}) {what}: "
        f"{facts.reason or 'its lists are not complete'}",
        remedy=facts.remedy or _REACH,
    )


def check_distinct(inventory: Inventory) -> tuple[Finding, ...]:
    """Return a blocker when blue and green are one and the same API server."""
    servers = [facts.server for facts in inventory.clusters.values() if facts.server]
    if len(servers) < 2 or len(set(servers)) > 1:
        return ()
    return (
        Finding(
            severity=Severity.BLOCKER,
            code="SameCluster",
            subject="platform",
            message=f"blue and green are the same cluster: {servers[0]}",
            remedy="name two clusters; look at kubeconfig and context of both",
        ),
    )


def check_versions(inventory: Inventory) -> tuple[Finding, ...]:
    """Return what is to be said of the two versions: older, equal, or how far apart."""
    blue, green = (_version(inventory, cluster) for cluster in (Cluster.BLUE, Cluster.GREEN))
    if blue is None or green is None:
        return ()
    texts = [inventory.clusters[c].version for c in (Cluster.BLUE, Cluster.GREEN)]
    both = f"blue has {texts[0]}, green {texts[1]}"
    if green < blue:
        finding = Finding(
            severity=Severity.WARNING,
            code="GreenOlder",
            subject="green",
            message=f"green is the older one: {both}",
            remedy="check that blue and green are not mixed up",
        )
    elif green == blue:
        finding = Finding(
            severity=Severity.INFO,
            code="SameVersion",
            subject="green",
            message=f"both clusters have {texts[0]}",
        )
    else:
        finding = Finding(
            severity=Severity.INFO,
            code="NewerVersion",
            subject="green",
            message=f"{both}{_skew(blue, green)}",
        )
    return (finding,)


def _version(inventory: Inventory, cluster: Cluster) -> tuple[int, int, int] | None:
    facts = inventory.clusters.get(cluster)
    match = _VERSION.match(facts.version) if facts is not None else None
    return (int(match[1]), int(match[2]), int(match[3] or 0)) if match else None


def _skew(blue: tuple[int, int, int], green: tuple[int, int, int]) -> str:
    minors = green[1] - blue[1] if green[0] == blue[0] else 0
    return f": {minors} minor versions in one step" if minors > 1 else ""
