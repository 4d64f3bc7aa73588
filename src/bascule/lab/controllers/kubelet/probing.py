"""When a probe is due and what its results mean: thresholds, delays, periods. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]

KINDS = ("startupProbe", "livenessProbe", "readinessProbe")
_WORDS = {"startupProbe": "Startup", "livenessProbe": "Liveness", "readinessProbe": "Readiness"}


@dataclass(slots=True, kw_only=True)
class ProbeState:
    """One probe of one container; a fresh one fails until it passes, but for liveness."""

    kind: str
    probe: Object
    due_s: float
    is_passing: bool
    successes: int = 0
    failures: int = 0

    @property
    def word(self) -> str:
        """Return how Events call the probe."""
        return _WORDS[self.kind]

    @property
    def has_failed(self) -> bool:
        """Say whether it has failed often enough to mean it."""
        return self.failures >= int(self.probe.get("failureThreshold") or 3)

    def note(self, reason: str | None, now_s: float) -> bool:
        """Take one result (None: success) and say whether the verdict has changed."""
        self.due_s = now_s + float(self.probe.get("periodSeconds") or 10)
        if reason is None:
            self.failures = 0
            self.successes += 1
            threshold = int(self.probe.get("successThreshold") or 1)
            passes = self.is_passing or self.successes >= threshold
        else:
            self.successes = 0
            self.failures += 1
            passes = self.is_passing and not self.has_failed
        changed = passes != self.is_passing
        self.is_passing = passes
        return changed


def begin_probes(container: Object, now_s: float) -> list[ProbeState]:
    """Return the probes of a container that has just started, the startup probe first."""
    return [
        ProbeState(
            kind=kind,
            probe=container[kind],
            due_s=now_s + float(container[kind].get("initialDelaySeconds") or 0),
            is_passing=kind == "livenessProbe",
        )
        for kind in KINDS
        if container.get(kind)
    ]


def active_probes(probes: Sequence[ProbeState]) -> list[ProbeState]:
    """Return the probes that count now: until the startup probe passes, it alone."""
    if probes and probes[0].kind == "startupProbe":
        return list(probes[1:] if probes[0].is_passing else probes[:1])
    return list(probes)


def is_ready(probes: Sequence[ProbeState]) -> bool:
    """Say whether the container is ready as far as its probes say."""
    gates = [state for state in probes if state.kind != "livenessProbe"]
    return all(state.is_passing for state in gates)
