"""What the demonstration on Azure prints at its end: demands, figures, and what is in Azure."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from bascule.lab.load.verdict import Verdict
from bascule.lab.story.azure.script import Told

Document = dict[str, Any]


def build_document(told: Told) -> Document:
    """Return the demonstration's result as one JSON document; null is not known, never 0."""
    verdict = told.verdict
    if verdict is None:
        raise ValueError("the story was not told to its end")
    demands = [{"holds": holds, "text": text} for holds, text in _demands(told, verdict)]
    return {
        "ok": all(demand["holds"] for demand in demands),
        "demands": demands,
        "requests": verdict.requests,
        "failed": verdict.failed,
        "failure_rate_bound": verdict.failure_rate_bound,
        "failures": msgspec.to_builtins(verdict.failures),
        "answers_by_cluster": verdict.answers_by_cluster,
        "wrong_cluster_after_effective": verdict.wrong_cluster_after_effective,
        "max_gap_ms": verdict.latency.max_gap_ms,
        "p50_ms": msgspec.to_builtins(verdict.latency.p50_ms),
        "p99_ms": msgspec.to_builtins(verdict.latency.p99_ms),
        "upgrade": {
            **{name: told.upgrade.get(name) for name in ("name", "run_id", "digest", "stage")},
            "report": told.report,
        },
        "azure": dict(told.azure),
        "settings": {"rate": told.rate},
        "seconds": told.seconds_by_act,
    }


def render_summary(document: Mapping[str, Any]) -> list[str]:
    """Return the result as lines."""
    return [*_figures(document), "", *_judged(document), "", *NOTES]


NOTES = (
    "the pool's addresses were written over ARM by the demo itself, as hooks of the upgrade:",
    "a driver for application gateways is still to come. Proven in the lab only.",
)


def _demands(told: Told, verdict: Verdict) -> Iterator[tuple[bool, str]]:
    """Yield what has to hold for the story to have gone well, and whether it does."""
    by_cluster, azure = verdict.answers_by_cluster, told.azure
    yield verdict.failed == 0, f"{verdict.failed} of {verdict.requests} requests failed"
    yield (
        by_cluster["blue"] > 0 and by_cluster["green"] > 0,
        f"{by_cluster['blue']} answers came from blue, {by_cluster['green']} from green",
    )
    wrong = verdict.wrong_cluster_after_effective
    said = "an unknown number of" if wrong is None else str(wrong)
    yield wrong == 0, f"{said} answers came from blue after its pods had left the pool"
    stage, ended = told.upgrade.get("stage"), told.upgrade.get("ended") or {}
    why = f": {ended['reason']}" if ended.get("reason") else ""
    yield stage == "completed", f"the upgrade that made green is {stage}{why}"
    clusters = azure["clusters"]
    yield (
        clusters == {"blue": None, "green": "Succeeded"},
        f"in Azure blue is {clusters['blue'] or 'gone'}, green is {clusters['green'] or 'gone'}",
    )
    green = sorted(told.addresses.get("green", ()))
    yield sorted(azure["pool"]) == green, f"the pool holds {', '.join(azure['pool']) or 'nothing'}"


def _figures(document: Mapping[str, Any]) -> Iterator[str]:
    p99 = document["p99_ms"]
    yield f"{document['requests']} requests, {document['failed']} failed"
    if document["failure_rate_bound"] is not None:
        yield f"  with 95 % certainty fewer than {document['failure_rate_bound']:.4%} fail"
    for failure in document["failures"]:
        yield (
            f"  second {failure['second']}: {failure['count']} x {failure['error']} "
            f"{failure['status'] or ''} on {failure['lane']}"
        )
    yield f"longest gap {_ms(document['max_gap_ms'])}"
    yield f"p99 {_ms(p99['baseline'])} before, {_ms(p99['during'])} during and after"
    kinds = ", ".join(f"{count} {kind}" for kind, count in document["azure"]["resources"].items())
    yield f"in Azure at the end: {kinds}"
    yield f"the upgrade's report: {document['upgrade']['report']}"


def _judged(document: Mapping[str, Any]) -> Iterator[str]:
    for demand in document["demands"]:
        yield f"{'holds' if demand['holds'] else 'BROKEN':<8} {demand['text']}"


def _ms(value: float | None) -> str:
    return "not known" if value is None else f"{value:.1f} ms"
