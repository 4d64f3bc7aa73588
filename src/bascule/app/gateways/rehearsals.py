"""Remembers how long updates of a gateway took that were made to measure it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

import structlog

from bascule.app.state_dir import StateDir
from bascule.gateway.driver import UpdateTimes
from bascule.private_file import write_private

_LOG: structlog.stdlib.BoundLogger = structlog.get_logger("bascule.gateway")

FILE = "gateway-rehearsals.json"
KEPT_MAX = 20
"""The oldest are forgotten beyond this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """One update that changed nothing that serves."""

    at: datetime
    took_s: float


def load_rehearsals(state_dir: StateDir) -> tuple[Rehearsal, ...]:
    """Return what was measured, the oldest first; nothing where the file cannot be read."""
    try:
        data = json.loads(_path(state_dir).read_bytes())
        found = [_parse(cast("Mapping[str, object]", each)) for each in data["rehearsals"]]
    except (OSError, ValueError, TypeError, KeyError):
        return ()
    return tuple(found)


def keep_rehearsal(state_dir: StateDir, rehearsal: Rehearsal) -> None:
    """Remember one more; where there is no room for it, that is told and nothing else."""
    kept = [*load_rehearsals(state_dir), rehearsal][-KEPT_MAX:]
    shown = [{**asdict(each), "at": each.at.isoformat()} for each in kept]
    try:
        write_private(_path(state_dir), json.dumps({"rehearsals": shown}, indent=1).encode())
    except OSError as error:
        _LOG.warning(
            "how long the update took is not remembered", took_s=rehearsal.took_s, why=str(error)
        )


def measure_rehearsals(rehearsals: tuple[Rehearsal, ...]) -> UpdateTimes | None:
    """Return how long an update takes by what was measured; None where nothing was."""
    if not rehearsals:
        return None
    newest = max(each.at for each in rehearsals)
    count = len(rehearsals)
    return UpdateTimes.measured(
        (each.took_s for each in rehearsals),
        source=f"of {count} rehearsal{'s' * (count != 1)} on this gateway, the last on "
        f"{newest:%Y-%m-%d}",
    )


def _path(state_dir: StateDir) -> Path:
    return state_dir.path / FILE


def _parse(data: Mapping[str, object]) -> Rehearsal:
    took_s = data["took_s"]
    if not isinstance(took_s, int | float):
        raise TypeError("no number")
    return Rehearsal(at=datetime.fromisoformat(str(data["at"])), took_s=float(took_s))
