"""What the demonstration prints at its end: figures, both verdicts, and whether they agree."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from bascule.lab.load.verdict import Switched, Verdict
from bascule.lab.story.script import SHARES, Told

Document = dict[str, Any]


def build_document(told: Told) -> Document:
    """Return the demonstration's result as one JSON document; null is not known, never 0."""
    verdict = told.verdict
    if verdict is None:
        raise ValueError("the story was not told to its end")
    product = judge_of_product(told)
    disagreement = find_disagreement(verdict, product)
    return {
        "ok": verdict.holds and disagreement == "",
        "requests": verdict.requests,
        "failed": verdict.failed,
        "failure_rate_bound": verdict.failure_rate_bound,
        "wrong_cluster_after_effective": verdict.wrong_cluster_after_effective,
        "max_gap_ms": verdict.latency.max_gap_ms,
        "p50_ms": msgspec.to_builtins(verdict.latency.p50_ms),
        "p99_ms": msgspec.to_builtins(verdict.latency.p99_ms),
        "streams": msgspec.to_builtins(verdict.streams),
        "duplicate_effects": None if verdict.effects is None else verdict.effects.duplicates,
        "stickiness": msgspec.to_builtins(verdict.stickiness),
        "unmeasured_share": verdict.unmeasured_share,
        "shift": _shift(told, verdict),
        "rollback": _step(told, verdict, "rollback"),
        "upgrade": _upgrade(told),
        "drained_after_s": told.drained_after_s,
        "settings": {
            "routes": told.settings.routes,
            "rate": told.settings.rate,
            "duration_s": told.settings.duration_s,
        },
        "seconds": told.seconds_by_act,
        "verdicts": {"lab": msgspec.to_builtins(verdict), "product": product},
        "disagreement": disagreement or None,
    }


def judge_of_product(told: Told) -> Document | None:
    """Return the product's verdict on all commands together; None when it gave none on any."""
    status = told.status.document if told.status is not None else {}
    orders = [order for order in status.get("orders") or () if order.get("kind")]
    summaries = [order.get("witness") for order in orders]
    if not orders or not all(summaries):
        return None
    return {
        "judge": "bascule",
        "holds": all(summary["holds"] for summary in summaries),
        "requests": _sum(summaries, "requests"),
        "failed": _sum(summaries, "failed"),
        "gateway_failures": _sum(summaries, "gateway_failures"),
        "wrong_cluster_after_effective": _sum(summaries, "wrong_cluster_after_effective"),
        "max_gap_ms": max((s["max_gap_ms"] or 0.0 for s in summaries), default=None),
        "commands": {order["order_id"]: order["witness"] for order in orders},
    }


def find_disagreement(lab: Verdict, product: Mapping[str, Any] | None) -> str:
    """Return how the judges differ about failed requests that both could see; empty if not.

    The gateway's own statistics see every request that reaches it, so a request that fails for one
    judge while the other saw none is a difference.
    """
    if product is None:
        return "the product gave no verdict"
    failed = (product["failed"] or 0) + (product["gateway_failures"] or 0)
    if (lab.failed > 0) == (failed > 0):
        return ""
    return f"the lab saw {lab.failed} failed requests, the product {failed}"


def _upgrade(told: Told) -> Document | None:
    """Return what the product tells of the upgrade that completed."""
    if told.upgrade is None:
        return None
    names = ("name", "run_id", "digest", "stage", "started_at", "ended_at")
    return {name: told.upgrade.get(name) for name in names} | {"report": told.report}


def _shift(told: Told, verdict: Verdict) -> Document:
    """Return the last step's figures, and every step's."""
    steps = [
        {"percent": share, **_step(told, verdict, f"shift-{share}")}
        for share in SHARES
        if f"shift-{share}" in told.called_by_step
    ]
    last = {key: value for key, value in steps[-1].items() if key != "percent"} if steps else {}
    return {**last, "steps": steps}


def _step(told: Told, verdict: Verdict, name: str) -> Document:
    called = told.called_by_step[name]
    seen = _switched(verdict.switches, name)
    operator_ms = called.document.get("operator_ms")
    return {
        "command_ms": called.command_ms,
        "convergence_ms": None if seen is None else seen.convergence_ms,
        "convergence_quick_ms": None if seen is None else seen.convergence_quick_ms,
        "operator_ms": operator_ms,
        "effective_at": called.document.get("effective_at"),
    }


def _switched(switches: Iterable[Switched], name: str) -> Switched | None:
    return next((switch for switch in switches if switch.name == name), None)


def _sum(summaries: Iterable[Mapping[str, Any]], name: str) -> int | None:
    known = [s[name] for s in summaries if s.get(name) is not None]
    return sum(known) if known else None
