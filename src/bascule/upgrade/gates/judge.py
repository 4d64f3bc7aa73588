"""The verdict on a step: what was seen so far in, pass, hold or fail with reasons out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bascule.journal.record import Json
from bascule.upgrade.gates.model import Gates, GateVerdict
from bascule.upgrade.gates.progress import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict with its reasons, in plain words, and the numbers behind them.

    `needs_person` says that waiting has gone on for too long: only an approval leads on.
    """

    verdict: GateVerdict
    reasons: tuple[str, ...] = ()
    evidence: Mapping[str, Json] = field(default_factory=dict)
    needs_person: bool = False


def judge(progress: Progress, gates: Gates, *, elapsed_s: float, hold_s: float) -> Judged:
    """Return what the gates of a step say after `elapsed_s` of its `hold_s` seconds.

    It may be asked as often as one likes: the chance of a false alarm stays below `gates.alpha`.
    """
    target = progress.requests_by_cluster.get(gates.target, 0)
    if elapsed_s < hold_s:
        return Judged(verdict=GateVerdict.HOLD, reasons=(f"{elapsed_s:.0f} s of {hold_s:.0f} s",))
    if gates.has_traffic and target < gates.requests_min:
        reason = f"{target} of {gates.requests_min} requests seen on {gates.target.value}"
        return Judged(
            verdict=GateVerdict.HOLD,
            reasons=(reason,),
            needs_person=elapsed_s > hold_s + gates.wait_max_s,
        )
    return Judged(verdict=GateVerdict.PASS)


def split_alpha(total: float, steps: int) -> float:
    """Return what each of `steps` holds may use of the chance of a false alarm `total`.

    An upgrade whose holds use this much each raises a false alarm with a chance of `total` at most.
    """
    return total / max(1, steps)
