"""What an Application Gateway can do, and what of an arrangement it cannot."""

from bascule.errors import DriverError
from bascule.gateway.appgw.settings import AppGwSettings, BackendsKind, Mechanism
from bascule.gateway.driver import Capabilities, UpdateTimes
from bascule.routing.affinity import AffinityKind
from bascule.routing.arrangement import Arrangement
from bascule.routing.weights import TOTAL_BP, Split, render_percent

TRAFFIC_KINDS = frozenset({"http1", "http2", "websocket"})
"""What clients may speak to it, http2 where `enableHttp2` is on; behind it there is http1 alone, so
that no gRPC passes."""
HALF_BP = TOTAL_BP // 2
MEASURES_EVERY_S = 60.0
"""The grain of Azure Monitor."""
IDLE_UPDATES = UpdateTimes(median_s=8.0, p90_s=79.0, source="of 90 updates of idle gateways")
"""Recorded of Azure; a gateway with much traffic takes longer."""


def build_capabilities(settings: AppGwSettings) -> Capabilities:
    """Return what a gateway with these settings can do.

    A host goes to one cluster whole. Where shares are accepted, pools hold addresses of both: of so
    many pods as comes nearest to the weights, or of the two load balancers in equal parts.
    """
    step_bp = TOTAL_BP
    if settings.shares_accepted:
        step_bp = 1 if settings.backends is BackendsKind.PODS else HALF_BP
    return Capabilities(
        weight_step_bp=step_bp,
        has_sticky_sessions=True,
        has_mirroring=False,
        has_preview_by_header=False,
        has_drain=True,
        is_switch_atomic=False,
        traffic_kinds=TRAFFIC_KINDS,
        has_sticky_headers=False,
        shares_by_members=step_bp == 1,
        measures_latency=False,
        tells_clusters_apart=settings.mechanism is not Mechanism.POOLS,
        measures_every_s=MEASURES_EVERY_S,
        update=IDLE_UPDATES,
        richer_type="appgw+envoy",
    )


def refuse_arrangement(arrangement: Arrangement) -> None:
    """Raise DriverError for what no Application Gateway can do; return when there is no such."""
    preview, affinity = arrangement.preview, arrangement.affinity
    if preview is not None and preview.header:
        raise _refusal("choose a cluster by a header", "a preview host, or leave the preview out")
    if arrangement.mirror is not None:
        raise _refusal("send copies of requests to another cluster", "no mirror")
    if affinity is not None and affinity.kind is AffinityKind.HEADER:
        raise _refusal("keep users on a cluster by a header", "a cookie")


def refuse_split(split: Split, settings: AppGwSettings) -> None:
    """Raise DriverError when a cluster is to get a share that this gateway cannot give."""
    step_bp = build_capabilities(settings).weight_step_bp
    for weights in (split.default, *split.by_host.values()):
        if weights.blue_bp % step_bp:
            raise _refusal(
                f"give blue {render_percent(weights.blue_bp)} of the requests of a host",
                "hosts that move whole, or `shares: true` for what numbers of pods allow",
            )


def _refusal(what: str, instead: str) -> DriverError:
    return DriverError(
        f"an Application Gateway cannot {what}",
        remedy=f"use {instead}; `type: appgw+envoy` puts Envoys behind it that can do it",
    )
