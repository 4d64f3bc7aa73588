"""Rules on the traffic of a plan: where it is, how it moves, and what the gateway can do."""

from collections.abc import Iterator

from bascule.checks.findings import Finding, Severity
from bascule.gateway.driver import Capabilities
from bascule.ids import Cluster
from bascule.routing.affinity import AffinityKind
from bascule.routing.weights import TOTAL_BP, render_percent
from bascule.upgrade.gates.model import CheckType
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.model import Plan
from bascule.upgrade.plan.reading import read_arrangements, read_holds, read_weights
from bascule.upgrade.state import is_settled


def lint_start(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Look whether all traffic is on blue, where an upgrade begins."""
    del plan
    now = facts.split
    is_over = now.default.only is Cluster.GREEN
    gone = facts.retired if not is_over else facts.retired - {Cluster.BLUE}
    for cluster in sorted(gone):
        yield Finding(
            severity=Severity.BLOCKER,
            code="ClusterRetired",
            subject=cluster.value,
            message=f"an earlier upgrade has taken {cluster} out of this gateway",
            remedy="a retired cluster does not come back; name another gateway",
        )
    if is_over:
        name = facts.clusters[Cluster.GREEN].name
        back = "" if facts.retired else ", or `bascule switch --to blue` if roles are as meant"
        yield Finding(
            severity=Severity.BLOCKER,
            code="TrafficOnGreen",
            subject="gateway",
            message="all traffic is on green already, and an upgrade moves it from blue to green",
            remedy=f"for the next upgrade write {name}, which is green now, as blue, and the new "
            f"cluster as green: the roles are swapped then and no traffic moves{back}",
        )
    elif not is_settled(now) or now.default.only is None:
        yield Finding(
            severity=Severity.WARNING,
            code="TrafficSplit",
            subject="gateway",
            message=f"green has {render_percent(now.default.green_bp)} already, or some of a host; "
            "a rollback leads back to this split",
            remedy="set the weights to blue=100 first, unless this is meant",
        )


def lint_capabilities(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Name what the plan asks of the gateway and it cannot do, and the way to have it."""
    can = facts.capabilities
    for step, wanted in read_arrangements(plan):
        kind = AffinityKind.NONE if wanted.affinity is None else wanted.affinity.kind
        if wanted.preview is not None and wanted.preview.header and not can.has_preview_by_header:
            yield _cannot(step.key, "preview by a header", "write `preview: off`", can)
        if wanted.mirror is not None and not can.has_mirroring:
            yield _cannot(step.key, "mirroring", "leave `mirror` out", can)
        if kind is not AffinityKind.NONE and not can.has_sticky_sessions:
            yield _cannot(step.key, "sticky sessions", "leave `stickySessions` out", can)
        elif kind is AffinityKind.HEADER and not can.has_sticky_headers:
            yield _cannot(step.key, "users kept by a header", "keep them by a cookie", can)
    yield from _list_too_fine(plan, can)


def _list_too_fine(plan: Plan, can: Capabilities) -> Iterator[Finding]:
    finest = can.weight_step_bp
    for weights in read_weights(plan):
        shares = {of.green_bp for of in (weights.split.default, *weights.split.by_host.values())}
        for share_bp in sorted(share for share in shares if share % finest):
            key, share = weights.step.key, render_percent(share_bp)
            does = f"splits by {render_percent(finest)} at the finest"
            remedy = f"write a multiple of {render_percent(finest)}"
            if finest == TOTAL_BP:
                does = "sends all requests of a host to one cluster"
                remedy = "move whole hosts (`- hosts: [...]`) before `- weight: 100`"
            yield Finding(
                severity=Severity.BLOCKER,
                code="WeightTooFine",
                subject=key,
                message=f"this gateway {does}, and {key} asks for {share}",
                remedy=f"{remedy}{_or_richer(can)}",
            )


def _cannot(key: str, what: str, remedy: str, can: Capabilities) -> Finding:
    return Finding(
        severity=Severity.BLOCKER,
        code="CapabilityMissing",
        subject=key,
        message=f"{key} asks for {what}, which this gateway cannot do",
        remedy=f"{remedy}{_or_richer(can)}",
    )


def _or_richer(can: Capabilities) -> str:
    """Return which kind of gateway can do what this one cannot, as the end of a remedy."""
    if not can.richer_type:
        return ""
    return f"; or write `gateway: {{type: {can.richer_type}}}`: Envoys behind this gateway can"


def lint_mirror(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Say that copies of requests that change something change it twice."""
    del facts
    for step, wanted in read_arrangements(plan):
        if wanted.mirror is not None:
            yield Finding(
                severity=Severity.WARNING,
                code="MirrorRepeatsWrites",
                subject=step.key,
                message="copies of POST, PUT and DELETE go to green as well: where both clusters "
                "share a database, a queue or a payment service, they take effect twice",
                remedy="leave `mirror` out, or let green work on copies of its own meanwhile",
            )


def lint_checks(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Name the HTTP checks that have no preview header to reach green by."""
    header = ""
    for _, wanted in read_arrangements(plan):
        header = header or (wanted.preview.header if wanted.preview is not None else "")
    if header:
        return
    for hold in read_holds(plan, facts.split):
        for check in hold.gates.checks:
            if check.type is CheckType.HTTP:
                is_twin = check.args.get("same_as_blue") is True
                what = "compares green with blue" if is_twin else "asks green"
                yield Finding(
                    severity=Severity.BLOCKER,
                    code="CheckWithoutPreview",
                    subject=check.name,
                    message=f"the check {check.name} {what} by the preview header, and there is no "
                    "preview",
                    remedy="leave `preview: off` out, or the check"
                    if facts.capabilities.has_preview_by_header
                    else f"ask by a check of another type{_or_richer(facts.capabilities)}",
                )
