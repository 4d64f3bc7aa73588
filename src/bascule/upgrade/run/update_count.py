"""How often the whole gateway was updated while a step lasted, by the step or anything else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from bascule.journal.record import Json
from bascule.upgrade.plan.model import Step
from bascule.upgrade.plan.updates import UPDATING_KINDS

TAKEN: Final = "updates"
PLANNED: Final = "updates_planned"
"""By which a step's output tells of them."""


@dataclass(frozen=True, slots=True)
class Updates:
    """How many there were by now, and whether steps that change the gateway need one each."""

    total: int
    is_by_steps: bool


class UpdateCount:
    """Counts for one step at a time; one that another process began is not counted."""

    def __init__(self) -> None:
        self._key = ""
        self._before: Updates | None = None

    def begin(self, step: Step, updates: Updates | None) -> None:
        """Count for a step from now on, unless it is counted already."""
        if step.key != self._key:
            self._key, self._before = step.key, updates

    def end(self, step: Step, updates: Updates | None) -> Mapping[str, Json]:
        """Return what the step's output says of it; nothing where it is not known."""
        before = self._before if step.key == self._key else None
        self._key, self._before = "", None
        if before is None or updates is None:
            return {}
        planned = int(updates.is_by_steps and step.kind in UPDATING_KINDS)
        return {TAKEN: updates.total - before.total, PLANNED: planned}
