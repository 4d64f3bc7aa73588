"""What a spec says of the analysis, as the gates of one hold."""

from dataclasses import replace

from bascule.journal.record import Json
from bascule.spec.analysis import Analysis, AnyCheck
from bascule.upgrade.gates.model import Check, CheckType, Gates, LatencyRule

_COMMON = {"name", "type", "every_s", "failures_max", "passes_min"}
"""What every check has; the rest of its fields are its arguments, named as in the spec's model."""

NO_GATES = Gates(has_traffic=False, requests_min=0, hung_after_s=None)
"""Nothing is judged: only time passes."""


def build_gates(analysis: Analysis) -> Gates:
    """Return the gates of a hold in which both clusters get requests."""
    success = analysis.success_rate
    return Gates(
        requests_min=analysis.min_requests,
        wait_max_s=analysis.max_wait_s,
        success_min=_share(success.min_percent),
        below_blue_max=_share(success.max_below_blue_percent),
        latency=tuple(
            LatencyRule(
                percentile=limit.percentile,
                max_ms=_milliseconds(limit.max_s),
                over_blue_max_ms=_milliseconds(limit.max_over_blue_s),
            )
            for limit in analysis.latency
        ),
        checks=tuple(_build_check(check) for check in analysis.checks),
    )


def without_traffic(gates: Gates) -> Gates:
    """Return the gates of a hold in which green gets no request: its checks alone."""
    return replace(NO_GATES, checks=gates.checks, wait_max_s=gates.wait_max_s)


def without_blue(gates: Gates) -> Gates:
    """Return the gates of a hold in which blue gets nothing to compare green with."""
    return replace(
        gates,
        below_blue_max=None,
        hung_after_s=None,
        latency=tuple(
            replace(rule, over_blue_max_ms=None)
            for rule in gates.latency
            if rule.max_ms is not None
        ),
    )


def is_relative(gates: Gates) -> bool:
    """Return whether green is compared with blue."""
    return gates.below_blue_max is not None or any(
        rule.over_blue_max_ms is not None for rule in gates.latency
    )


def judges_anything(gates: Gates) -> bool:
    """Return whether there is anything that could fail."""
    has_rule = gates.success_min is not None or bool(gates.latency) or is_relative(gates)
    return bool(gates.checks) or (gates.has_traffic and has_rule)


def judges_traffic(gates: Gates) -> bool:
    """Return whether what the gateway counts decides anything."""
    has_rules = judges_anything(replace(gates, checks=()))
    return gates.has_traffic and (has_rules or gates.requests_min > 0)


def _build_check(check: AnyCheck) -> Check:
    fields: dict[str, Json] = check.model_dump(mode="json", exclude=_COMMON)
    return Check(
        name=check.name,
        type=CheckType(check.type),
        args=fields,
        every_s=check.every_s,
        failures_max=check.failures_max,
        passes_min=check.passes_min,
    )


def _share(percent: float | None) -> float | None:
    return None if percent is None else percent / 100


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1_000
