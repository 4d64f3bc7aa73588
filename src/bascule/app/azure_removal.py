"""What would go with a cluster that is removed: shown with a plan, looked at again before it goes.

A plan names what may hold data or be depended on, and whoever approves the plan approves that.
What was not named then, or what something outside the cluster uses, keeps the cluster.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from bascule.azure.resource_id import ResourceId
from bascule.checks.azure.facts import NodeGroupFacts
from bascule.checks.azure.teardown import check_node_group, list_lasting
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding, Severity
from bascule.errors import PlanError
from bascule.inventory.azure.asking import Asker, Reads
from bascule.inventory.azure.clusters import read_cluster
from bascule.inventory.azure.node_groups import fetch_node_group


@dataclass(frozen=True, slots=True, kw_only=True)
class Goes:
    """What a plan shows of a removal: ids to be approved with it, and what stands against it."""

    ids: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


async def fetch_goes(arm: Reads, cluster: ResourceId, *, subject: str) -> Goes:
    """Return what would go with a cluster; nothing for one that does not exist.

    What something outside uses, or what cannot be read, is a blocker among the findings.
    """
    group = await _fetch_group(arm, cluster)
    if group is None:
        return Goes()
    ids = () if isinstance(group, Unreadable) else list_lasting(group)
    return Goes(ids=ids, findings=check_node_group(group, frozenset(ids), subject=subject))


async def require_removable(arm: Reads, cluster: ResourceId, approved: Iterable[str]) -> None:
    """Return if a cluster may go with what was approved. Raises PlanError that says why not."""
    group = await _fetch_group(arm, cluster)
    if group is None:
        return
    findings = check_node_group(group, frozenset(approved), subject=cluster.name)
    blockers = [each for each in findings if each.severity is Severity.BLOCKER]
    if blockers:
        raise PlanError(
            "; ".join(each.message for each in blockers),
            remedy="move it or delete it by hand, or give the rights that miss, and try again:"
            " a plan approves only what was there when it was made",
        )


async def _fetch_group(arm: Reads, cluster: ResourceId) -> NodeGroupFacts | Unreadable | None:
    found = await arm.get(cluster.text)
    return None if found is None else await fetch_node_group(Asker(arm), read_cluster(found))
