"""What stands around the split while an upgrade lasts: preview, mirroring, sticky users."""

from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import Arrangement, Mirror, Preview
from bascule.spec.upgrade import Upgrade
from bascule.upgrade.plan.arranging import render_arrangement
from bascule.upgrade.plan.model import Step, StepKind
from bascule.upgrade.run.stages import Stage

ACT_S = 1.0
"""How long a change of the gateway is estimated to take, until it is read back."""


def build_arrangement(spec: Upgrade, *, has_mirror: bool = False) -> Arrangement:
    """Return what stands around the split while the upgrade lasts."""
    preview, mirror, sticky = spec.preview, spec.mirror, spec.sticky_sessions
    usual = Affinity()
    return Arrangement(
        preview=None
        if preview is None
        else Preview(header=preview.header, hosts=dict(preview.hosts)),
        mirror=Mirror(share_bp=mirror.share_bp) if mirror is not None and has_mirror else None,
        affinity=None
        if sticky is None
        else Affinity(
            kind=AffinityKind(sticky.kind),
            name=sticky.name or usual.name,
            ttl_s=usual.ttl_s if sticky.ttl_s is None else round(sticky.ttl_s),
        ),
    )


def surroundings_key(spec: Upgrade, end: str) -> str:
    """Return the key of the step in which the surroundings come (`on`) or go (`off`)."""
    return f"preview-{end}" if spec.preview is not None else f"sticky-{end}"


def render_surroundings(spec: Upgrade) -> str:
    """Return what is arranged, for people."""
    parts = []
    if spec.preview is not None:
        hosts = "".join(f", host {alias}" for alias in sorted(spec.preview.hosts))
        parts.append(f"`{spec.preview.header}: green`{hosts} reaches green")
    if spec.sticky_sessions is not None:
        sticky = spec.sticky_sessions
        by = f"by {sticky.kind}" if sticky.kind != "none" else "by nothing"
        parts.append(f"users are kept on their cluster {by}")
    return "; ".join(parts)


def plan_arrangement(key: str, stage: Stage, arrangement: Arrangement, *, title: str) -> Step:
    """Return the step that arranges so."""
    return Step(
        key=key,
        stage=stage,
        kind=StepKind.ARRANGE,
        args={"arrangement": render_arrangement(arrangement)},
        title=title,
        reason="the split stays as it is: no user is moved by this",
        estimate_s=ACT_S,
    )
