"""Gates in words."""

from collections.abc import Iterator

from bascule.upgrade.gates.model import Gates
from bascule.upgrade.plan.gating import judges_anything


def render_gates_text(gates: Gates) -> tuple[str, ...]:
    """Return what the gates of a hold ask for, in words."""
    if not judges_anything(gates) and not gates.requests_min:
        return ("nothing is judged",)
    return tuple(_rules(gates))


def _rules(gates: Gates) -> Iterator[str]:
    if gates.has_traffic:
        if gates.requests_min:
            yield f"at least {gates.requests_min} requests on {gates.target}"
        if gates.success_min is not None:
            yield f"success at least {gates.success_min * 100:g} %"
        if gates.below_blue_max is not None:
            yield f"success at most {gates.below_blue_max * 100:g} points below blue's"
        for rule in gates.latency:
            if rule.max_ms is not None:
                yield f"p{rule.percentile:g} at most {rule.max_ms:g} ms"
            if rule.over_blue_max_ms is not None:
                yield f"p{rule.percentile:g} at most {rule.over_blue_max_ms:g} ms over blue's"
        if gates.hung_after_s is not None:
            yield f"not more requests that take over {gates.hung_after_s:g} s than on blue"
    for check in gates.checks:
        yield f"check {check.name} ({check.type})"
