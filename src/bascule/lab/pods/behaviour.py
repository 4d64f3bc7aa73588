"""How a pod answers, read from the annotations of its template."""

from collections.abc import Mapping
from dataclasses import dataclass

PREFIX = "lab.bascule.dev/"
LATENCY_MAX_MS = 600_000
BODY_MAX_BYTES = 1 << 20


class BehaviourError(ValueError):
    """An annotation of ours holds a value that means nothing; says which one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What a Deployment's author can set; the defaults are a fast and healthy server."""

    latency_ms: float = 0.0
    error_rate: float = 0.0
    """Share of answers, 0 to 1, that are `error_status` instead of 200."""
    error_status: int = 500
    hang_rate: float = 0.0
    """Share of requests, 0 to 1, that get no answer at all."""
    wrong_path: str = ""
    """Answers on this path have status 200 and a document that is about another one."""
    startup_ms: float = 0.0
    """Time between the container's start and its first accepted connection."""
    is_healthy: bool = True
    """What `/healthz` says: 200 or 503."""
    body: str = ""
    """Added to every answer's document as the field `body`."""
    stream_drain_ms: float | None = None
    """Time that open streams are given after SIGTERM before they are ended cleanly; None: nearly
    the whole grace period."""
    run_ms: float | None = None
    """The container ends by itself after this time (for Jobs and crash loops); None: never."""
    exit_code: int = 0


def parse_behaviour(annotations: Mapping[str, str], *, latency_ms: float = 0.0) -> Behaviour:
    """Read the annotations `lab.bascule.dev/*`; others are left alone.

    `latency_ms` is that of a pod whose annotations do not set one.
    Raises BehaviourError for a value that cannot be read or is out of range.
    """
    default = Behaviour(latency_ms=latency_ms)
    return Behaviour(
        latency_ms=_number(annotations, "latency-ms", default.latency_ms, LATENCY_MAX_MS),
        error_rate=_number(annotations, "error-rate", default.error_rate, 1),
        error_status=int(_number(annotations, "error-status", default.error_status, 599)),
        hang_rate=_number(annotations, "hang-rate", default.hang_rate, 1),
        wrong_path=annotations.get(PREFIX + "wrong-path", default.wrong_path),
        startup_ms=_number(annotations, "startup-ms", default.startup_ms, LATENCY_MAX_MS),
        is_healthy=_flag(annotations, "healthy", default=default.is_healthy),
        body=annotations.get(PREFIX + "body", default.body)[:BODY_MAX_BYTES],
        stream_drain_ms=_optional(annotations, "stream-drain-ms"),
        run_ms=_optional(annotations, "run-ms"),
        exit_code=int(_number(annotations, "exit-code", default.exit_code, 255)),
    )


def _number(annotations: Mapping[str, str], name: str, default: float, maximum: float) -> float:
    text = annotations.get(PREFIX + name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        raise BehaviourError(f"{PREFIX}{name}: {text!r} is not a number") from None
    if not 0 <= value <= maximum:
        raise BehaviourError(f"{PREFIX}{name}: {text} is not between 0 and {maximum:g}")
    return value


def _optional(annotations: Mapping[str, str], name: str) -> float | None:
    return _number(annotations, name, 0, LATENCY_MAX_MS) if PREFIX + name in annotations else None


def _flag(annotations: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = annotations.get(PREFIX + name)
    if text is None:
        return default
    if text not in {"true", "false"}:
        raise BehaviourError(f"{PREFIX}{name}: {text!r} is neither true nor false")
    return text == "true"
