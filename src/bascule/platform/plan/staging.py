"""What an upgrade has its platform do: the arguments of its steps, as they are approved."""

from bascule.azure.resource_id import ResourceId
from bascule.checks.findings import Finding, Severity
from bascule.checks.text import render_names
from bascule.journal.record import Json
from bascule.platform.desired.ids import Ids
from bascule.platform.desired.model import GRANTED, Kind, Resource
from bascule.platform.plan.encoding import render_resource
from bascule.platform.plan.estimate import DELETE_S, START_S, STOP_S
from bascule.platform.plan.model import Op, PlatformPlan
from bascule.platform.plan.planner import RETIRED
from bascule.upgrade.plan.facts import PlatformFacts


def plan_stages(ids: Ids, plan: PlatformPlan) -> PlatformFacts:
    """Return what the platform would do for an upgrade: make green, and later remove blue.

    Making green holds blue still too: its upgrades by Azure are paused in the same step.
    """
    green = ids.spec.clusters.green
    blue = ids.cluster(ids.spec.clusters.blue.name)
    resources = () if green is None else _for_green(ids, plan, green.name)
    changing = {a.resource.id.key for a in plan.actions if a.op is not Op.LEAVE}
    make: dict[str, Json] = {}
    if green is not None and any(each.id.key in changing for each in resources):
        make = {
            "platform": plan.name,
            "digest": plan.digest,
            "cluster": str(ids.cluster(green.name)),
            "resources": [render_resource(resource) for resource in resources],
            "resumes": str(blue),
        }
    return PlatformFacts(
        make=make,
        make_title=_title(ids, plan),
        remove={
            "platform": plan.name,
            "cluster": str(blue),
            "grants": [str(each) for each in _grants_of(blue, plan)],
            **({} if green is None else {"resumes": str(ids.cluster(green.name))}),
        },
        make_s=plan.estimate_s or None,
        stop_s=STOP_S,
        start_s=START_S,
        remove_s=DELETE_S[Kind.CLUSTER],
    )


def check_ready(ids: Ids, plan: PlatformPlan) -> tuple[Finding, ...]:
    """Return a blocker while something is not made that is none of green's: `apply` comes first."""
    green = ids.spec.clusters.green
    own = () if green is None else _for_green(ids, plan, green.name)
    keys = {resource.id.key for resource in own}
    left = [
        a.resource for a in plan.actions if a.op is not Op.LEAVE and a.resource.id.key not in keys
    ]
    if any(finding.code == RETIRED for finding in plan.findings):
        return (_refuse_retired(ids),)
    if not left:
        return ()
    names = render_names([resource.name for resource in left], "others")
    return (
        Finding(
            severity=Severity.BLOCKER,
            code="PlatformNotApplied",
            subject=f"platform {plan.name}",
            message=f"it is not as its file says: {names}",
            remedy="say `bascule platform plan`, then `bascule platform apply`",
        ),
    )


def _refuse_retired(ids: Ids) -> Finding:
    return Finding(
        severity=Severity.BLOCKER,
        code="PlatformRetired",
        subject=f"platform {ids.spec.name}",
        message=f"its blue, {ids.spec.clusters.blue.name}, is gone: there is nothing to move from",
        remedy="describe the cluster that is left as blue, and name another green",
    )


def _for_green(ids: Ids, plan: PlatformPlan, name: str) -> tuple[Resource, ...]:
    """Return green and what is made for it, and blue's pause of upgrades; nothing else."""
    cluster = ids.cluster(name)
    blue = ids.cluster(ids.spec.clusters.blue.name)
    found = []
    for action in plan.actions:
        resource = action.resource
        is_blue = resource.id == blue and action.op is Op.CHANGE
        if cluster.contains(resource.id) or cluster in resource.needs or is_blue:
            found.append(resource)
    return tuple(found)


def _grants_of(cluster: ResourceId, plan: PlatformPlan) -> tuple[ResourceId, ...]:
    """Return what is granted for a cluster, under the names that only this platform gives."""
    resources = (action.resource for action in plan.actions)
    return tuple(r.id for r in resources if r.kind in GRANTED and cluster in r.needs)


def _title(ids: Ids, plan: PlatformPlan) -> str:
    green = ids.spec.clusters.green
    if green is None:
        return ""
    changed = len(plan.differences)
    differs = f", which differs in {changed} fields" if changed else ""
    return f"green ({green.name}) is made in the likeness of blue{differs}"
