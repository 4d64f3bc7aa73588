"""The demonstration's result in words, for people."""

from collections.abc import Iterator, Mapping
from typing import Any


def render_summary(document: Mapping[str, Any]) -> list[str]:
    """Return the result as lines."""
    return [*_figures(document), "", *_rules(document), "", *_verdict(document)]


def _figures(document: Mapping[str, Any]) -> Iterator[str]:
    p99 = document["p99_ms"]
    streams = document["streams"]
    yield f"{document['requests']} requests, {document['failed']} failed"
    if document["failure_rate_bound"] is not None:
        yield f"  with 95 % certainty fewer than {document['failure_rate_bound']:.4%} fail"
    yield f"longest gap {_ms(document['max_gap_ms'])}"
    yield f"p99 {_ms(p99['baseline'])} before, {_ms(p99['during'])} during and after"
    yield (
        f"streams: {streams['opened']} opened, {streams['moved']} moved to the other cluster, "
        f"{streams['ended']} ended in order, {streams['reset']} reset"
    )
    users = document["stickiness"]
    if users is not None:
        yield (
            f"users with a cookie: {users['users']}, {users['flaps']} answers by another cluster "
            f"between steps, {users['moved_back']} moved back as the share grew"
        )
    for step in document["shift"]["steps"]:
        yield _step(f"shift to {step['percent']} %", step)
    yield _step("roll back", document["rollback"])


def _step(name: str, step: Mapping[str, Any]) -> str:
    text = f"{name:<14} command {_ms(step['command_ms'])}, operator {_ms(step['operator_ms'])}"
    if step["convergence_ms"] is None:
        return text
    return (
        f"{text}, last answer by the old cluster after {_ms(step['convergence_ms'])} "
        f"({_ms(step['convergence_quick_ms'])} without slow requests)"
    )


def _rules(document: Mapping[str, Any]) -> Iterator[str]:
    for rule in document["verdicts"]["lab"]["rules"]:
        mark = {True: "holds", False: "BROKEN", None: "UNKNOWN"}[rule["holds"]]
        yield f"rule {rule['number']} {mark:<8} {rule['text']}"
    for failure in document["verdicts"]["lab"]["failures"]:
        yield (
            f"  second {failure['second']}: {failure['count']} x {failure['error']} "
            f"{failure['status'] or ''} on {failure['lane']}"
        )


def _verdict(document: Mapping[str, Any]) -> Iterator[str]:
    product = document["verdicts"]["product"]
    lab = "zero downtime" if document["verdicts"]["lab"]["holds"] else "NOT zero downtime"
    yield f"the lab's verdict:     {lab}"
    if product is None:
        yield "the product's verdict: not known"
    else:
        word = "zero downtime" if product["holds"] else "NOT zero downtime"
        yield (
            f"the product's verdict: {word} ({product['failed']} of {product['requests']} requests "
            f"of its witness failed, {product['gateway_failures']} failures at the gateway)"
        )
        for summary in product["commands"].values():
            yield from (
                f"  {rule['reason']}" for rule in summary["rules"] if rule["holds"] is False
            )
    if document["disagreement"]:
        yield f"the judges disagree: {document['disagreement']}"


def _ms(value: float | None) -> str:
    return "not known" if value is None else f"{value:.1f} ms"
