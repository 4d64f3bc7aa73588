"""The stages of an upgrade, and the one table of legal moves between them."""

from collections.abc import Mapping
from enum import StrEnum


class Stage(StrEnum):
    """Where an upgrade is; in the order in which it goes, the ends last."""

    PREFLIGHT = "preflight"
    PROVISION = "provision"
    SYNC = "sync"
    VERIFY = "verify"
    SHIFT = "shift"
    BAKE = "bake"
    RETIRE = "retire"
    ROLLBACK = "rollback"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"


class Posture(StrEnum):
    """What an unfinished upgrade is doing."""

    RUNNING = "running"
    WAITING = "waiting"
    """For a gate, an approval, a time, or something outside."""
    PAUSED = "paused"
    """An operator said so; traffic stays as it is."""
    HALTED = "halted"
    """A person has to decide."""


_FORWARD = (
    Stage.PREFLIGHT,
    Stage.PROVISION,
    Stage.SYNC,
    Stage.VERIFY,
    Stage.SHIFT,
    Stage.BAKE,
    Stage.RETIRE,
    Stage.COMPLETED,
)
ENDS = frozenset({Stage.COMPLETED, Stage.ROLLED_BACK})
MOVING = frozenset({Stage.SHIFT, Stage.BAKE, Stage.ROLLBACK})
"""The stages in which traffic moves, or is judged where it went."""


def _build_moves() -> Mapping[Stage, frozenset[Stage]]:
    # A stage without steps is passed over, so any later one may follow. Rollback follows retire
    # only as long as no step of that has begun (`UpgradeState.is_retiring`).
    moves: dict[Stage, frozenset[Stage]] = {stage: frozenset() for stage in Stage}
    for place, stage in enumerate(_FORWARD[:-1]):
        moves[stage] = frozenset({*_FORWARD[place + 1 :], Stage.ROLLBACK})
    moves[Stage.ROLLBACK] = frozenset({Stage.ROLLED_BACK})
    return moves


MOVES = _build_moves()
"""From each stage, the stages that may follow it."""


def is_legal(before: Stage, after: Stage) -> bool:
    """Return whether an upgrade may go from `before` to `after`."""
    return after in MOVES[before]
