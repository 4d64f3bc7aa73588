"""What a look at a step, or an act of it, comes to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bascule.journal.record import Json
from bascule.upgrade.run.events import GateJudged


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """It is so: the next step may follow. `judged` is recorded with it."""

    output: Mapping[str, Json] = field(default_factory=dict)
    reason: str = ""
    judged: GateJudged | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """It will not be so; the upgrade goes back, or halts where there is no way back."""

    reason: str
    remedy: str = ""
    output: Mapping[str, Json] = field(default_factory=dict)
    judged: GateJudged | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """Not yet; `until` is when to look again at the latest, None where nobody knows."""

    reason: str
    until: datetime | None = None
    judged: GateJudged | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The far end said no to an act, or gave no answer; it may be tried again."""

    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Absent:
    """It is not so: act."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Whether it is so cannot be seen."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """It may have happened, and must not happen twice: a person has to say."""

    reason: str


Seen: TypeAlias = Done | Absent | Unknown | Waits | Failed
"""What `observe` says of an effect before anything is done."""

Concluded: TypeAlias = Done | Failed | Waits | InDoubt
"""What is recorded of a look, or of an act in the end."""

Result: TypeAlias = Concluded | Refused
"""What comes of an act."""
