"""When a probe is due and what its results mean: thresholds, delays, periods. Pure."""

from dataclasses import dataclass
from typing import Any

Object = dict[str, Any]


@dataclass(slots=True, kw_only=True)
class ProbeState:
    """One probe of one container."""

    probe: Object
    due_s: float
    is_passing: bool
    successes: int = 0
    failures: int = 0

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
            threshold = int(self.probe.get("failureThreshold") or 3)
            passes = self.is_passing and self.failures < threshold
        changed = passes != self.is_passing
        self.is_passing = passes
        return changed


def begin_probe(probe: Object, now_s: float, *, is_passing: bool) -> ProbeState:
    """Return the state of a probe whose container has just started."""
    delay_s = float(probe.get("initialDelaySeconds") or 0)
    return ProbeState(probe=probe, due_s=now_s + delay_s, is_passing=is_passing)
