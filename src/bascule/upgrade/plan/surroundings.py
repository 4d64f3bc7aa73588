"""What stands around the split while an upgrade lasts: preview, mirroring, sticky users."""

from bascule.gateway.driver import Capabilities
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import Arrangement, Mirror, Preview
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.plan.arranging import render_arrangement
from bascule.upgrade.plan.facts import Facts
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.plan.updates import estimate_act_s, render_cost
from bascule.upgrade.run.stages import Stage


def build_arrangement(spec: Upgrade, can: Capabilities, *, has_mirror: bool = False) -> Arrangement:
    """Return what stands around the split while the upgrade lasts."""
    mirror, sticky = spec.mirror, spec.sticky_sessions
    usual = Affinity()
    return Arrangement(
        preview=_find_preview(spec, can),
        mirror=Mirror(share_bp=mirror.share_bp) if mirror is not None and has_mirror else None,
        affinity=None
        if sticky is None
        else Affinity(
            kind=AffinityKind(sticky.kind),
            name=sticky.name or usual.name,
            ttl_s=usual.ttl_s if sticky.ttl_s is None else round(sticky.ttl_s),
        ),
    )


def _find_preview(spec: Upgrade, can: Capabilities) -> Preview | None:
    """Return the preview; its usual header is left out where nobody wrote it and none is read."""
    wanted = spec.preview
    if wanted is None:
        return None
    if can.has_preview_by_header or "header" in wanted.model_fields_set:
        return Preview(header=wanted.header, hosts=dict(wanted.hosts))
    return Preview(hosts=dict(wanted.hosts)) if wanted.hosts else None


def surroundings_key(around: Arrangement, end: str) -> str:
    """Return the key of the step in which the surroundings come (`on`) or go (`off`)."""
    return f"preview-{end}" if around.preview is not None else f"sticky-{end}"


def render_surroundings(around: Arrangement) -> str:
    """Return what is arranged, for people."""
    parts = []
    if around.preview is not None:
        header = around.preview.header
        ways = [f"`{header}: green`"] if header else []
        ways += [f"host {alias}" for alias in sorted(around.preview.hosts)]
        parts.append(f"{', '.join(ways)} reaches green")
    if around.affinity is not None:
        kind = around.affinity.kind
        by = f"by {kind.value}" if kind is not AffinityKind.NONE else "by nothing"
        parts.append(f"users are kept on their cluster {by}")
    return "; ".join(parts)


def plan_arrangement(
    key: str, stage: Stage, arrangement: Arrangement, facts: Facts, *, title: str
) -> Step:
    """Return the step that arranges so."""
    return Step(
        key=key,
        stage=stage,
        kind=StepKind.ARRANGE,
        args={"arrangement": render_arrangement(arrangement)},
        title=title,
        reason=f"the split stays as it is: no user is moved by this{render_cost(facts)}",
        estimate_s=estimate_act_s(facts),
    )
