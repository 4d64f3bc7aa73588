"""Gates as JSON: how they stand in the arguments of a hold step."""

from collections.abc import Mapping

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.upgrade.encoding import read_number, read_object, read_text
from bascule.upgrade.gates.model import Check, CheckType, Gates, LatencyRule


def render_gates(gates: Gates) -> dict[str, Json]:
    """Return gates as a plan keeps them."""
    return {
        "has_traffic": gates.has_traffic,
        "target": gates.target.value,
        "alpha": gates.alpha,
        "requests_min": gates.requests_min,
        "wait_max_s": gates.wait_max_s,
        "success_min": gates.success_min,
        "below_blue_max": gates.below_blue_max,
        "latency": [_render_rule(rule) for rule in gates.latency],
        "hung_after_s": gates.hung_after_s,
        "checks": [render_check(check) for check in gates.checks],
    }


def parse_gates(data: Json) -> Gates:
    """Return the gates that `render_gates` wrote; what is missing has its default.

    `success_min`, `below_blue_max` and `hung_after_s` that are null are absent, not default.
    Raises JournalError for anything else.
    """
    fields = read_object(data, "gates")
    default = Gates()
    alpha = _read_float(fields, "alpha", default.alpha)
    if not 0 < alpha < 1:
        raise JournalError(f"the alpha of gates is {alpha}, not between 0 and 1")
    return Gates(
        has_traffic=fields.get("has_traffic") is not False,
        target=_read_cluster(fields, default.target),
        alpha=alpha,
        requests_min=read_count(fields, "requests_min", default.requests_min),
        wait_max_s=_read_float(fields, "wait_max_s", default.wait_max_s),
        success_min=read_number(fields, "success_min"),
        below_blue_max=read_number(fields, "below_blue_max"),
        latency=tuple(_parse_rule(rule) for rule in read_list(fields, "latency")),
        hung_after_s=(
            read_number(fields, "hung_after_s")
            if "hung_after_s" in fields
            else default.hung_after_s
        ),
        checks=tuple(parse_check(check) for check in read_list(fields, "checks")),
    )


def render_check(check: Check) -> dict[str, Json]:
    """Return a check as a plan keeps it."""
    return {
        "name": check.name,
        "type": check.type.value,
        "args": dict(check.args),
        "every_s": check.every_s,
        "failures_max": check.failures_max,
        "passes_min": check.passes_min,
    }


def parse_check(data: Json) -> Check:
    """Return the check that `render_check` wrote. Raises JournalError for anything else."""
    fields = read_object(data, "check")
    name = read_text(fields, "name")
    kind = read_text(fields, "type")
    default = Check(name=name, type=CheckType.HTTP)
    try:
        check_type = CheckType(kind)
    except ValueError as error:
        raise JournalError(f"check {name} has the unknown type {kind!r}") from error
    return Check(
        name=name,
        type=check_type,
        args=read_object(fields.get("args", {}), "args"),
        every_s=_read_float(fields, "every_s", default.every_s),
        failures_max=read_count(fields, "failures_max", default.failures_max),
        passes_min=read_count(fields, "passes_min", default.passes_min),
    )


def read_count(data: Mapping[str, Json], name: str, default: int) -> int:
    """Return the whole number `name`, or `default` where it is missing. Raises JournalError."""
    value = data.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise JournalError(f"{name} is not a whole number in a record or command")
    return value


def read_list(data: Mapping[str, Json], name: str) -> list[Json]:
    """Return the list `name`, empty where it is missing. Raises JournalError for another thing."""
    value = data.get(name, [])
    if not isinstance(value, list):
        raise JournalError(f"{name} is not a list in a record or command")
    return value


def _render_rule(rule: LatencyRule) -> dict[str, Json]:
    return {
        "percentile": rule.percentile,
        "max_ms": rule.max_ms,
        "over_blue_max_ms": rule.over_blue_max_ms,
    }


def _parse_rule(data: Json) -> LatencyRule:
    fields = read_object(data, "latency rule")
    percentile = read_number(fields, "percentile")
    if percentile is None:
        raise JournalError("a latency rule names no percentile")
    return LatencyRule(
        percentile=percentile,
        max_ms=read_number(fields, "max_ms"),
        over_blue_max_ms=read_number(fields, "over_blue_max_ms"),
    )


def _read_float(data: Mapping[str, Json], name: str, default: float) -> float:
    value = read_number(data, name)
    return default if value is None else value


def _read_cluster(data: Mapping[str, Json], default: Cluster) -> Cluster:
    name = read_text(data, "target", default=default.value)
    try:
        return Cluster(name)
    except ValueError as error:
        raise JournalError(f"gates name the unknown cluster {name!r}") from error
