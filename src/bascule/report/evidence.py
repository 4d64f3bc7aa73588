"""The evidence of an upgrade: what its journal and its samples prove, as typed values and JSON."""

from collections.abc import Sequence
from dataclasses import dataclass

from bascule.errors import PlanError
from bascule.journal.record import Json, Record
from bascule.journal.store import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that is known of one upgrade."""

    upgrade: str
    run_id: str


def find_run_id(records: Sequence[Record], upgrade: str) -> str:
    """Return the id of the latest run that is named `upgrade`, by name or by id.

    Raises PlanError when the journal knows none.
    """
    for record in reversed(records):
        data = record.entry.data
        if record.entry.kind != "upgrade_started":
            continue
        if upgrade in (data.get("upgrade"), data.get("run_id")):
            return str(data["run_id"])
    raise PlanError(
        f"the journal knows no upgrade {upgrade}",
        remedy="`bascule upgrade status` lists those that it knows",
    )


def build_evidence(records: Sequence[Record], upgrade: str, samples: Sequence[Sample]) -> Evidence:
    """Return the evidence of the latest run of `upgrade` (a name or a run id).

    `records` are the whole journal, `samples` those of the run. Raises PlanError when the journal
    knows no such upgrade.
    """
    del samples
    return Evidence(upgrade=upgrade, run_id=find_run_id(records, upgrade))


def render_evidence(evidence: Evidence) -> dict[str, Json]:
    """Return the evidence as plain JSON without secrets; what is not known is null."""
    return {"upgrade": evidence.upgrade, "run_id": evidence.run_id}
