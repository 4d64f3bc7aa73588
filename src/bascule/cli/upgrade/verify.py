"""`bascule upgrade verify-journal`: whether every record is there, as it was written."""

import asyncio
from dataclasses import dataclass

from bascule.app.state_dir import StateDir
from bascule.cli.arguments import takes
from bascule.cli.options import OutputOption, Where, choose_state_dir
from bascule.cli.rendering import Output, error_document, print_document, print_lines
from bascule.errors import CorruptJournalError, UsageError
from bascule.journal.verification import Verification, verify_store
from bascule.storage.opening import open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """What `bascule upgrade verify-journal` is told."""

    where: Where
    output: OutputOption = Output.TEXT


@takes(Arguments)
def verify_journal(arguments: Arguments) -> None:
    """Look through the whole journal; ends with 9 if a record is missing, edited or out of place.

    The journal is of the gateway, and so of all its upgrades.
    """
    state_dir = choose_state_dir(arguments.where)
    found = asyncio.run(fetch_verification(state_dir))
    error = error_of(found)
    if arguments.output is Output.JSON:
        said = error_document(error) if error is not None else None
        print_document({**verification_document(found), "error": said})
    else:
        print_lines(render_verification(found))
    if error is not None:
        raise error


async def fetch_verification(state_dir: StateDir) -> Verification:
    """Return what is wrong with the journal. Raises UsageError where there is none."""
    if not state_dir.url and not state_dir.journal.exists():
        raise UsageError(
            f"no gateway has run in {state_dir.path} yet",
            remedy="start one with `bascule run -f gateway.yaml`",
        )
    async with open_store(state_dir.location) as store:
        return await verify_store(store)


def error_of(found: Verification) -> CorruptJournalError | None:
    """Return the error for a journal that is not clean, naming the first bad record."""
    if found.is_clean:
        return None
    first = found.faults[0]
    return CorruptJournalError(
        f"the journal is not as it was written: {first.message}",
        remedy="restore it from a copy; what it says of the time after is not proven",
    )


def verification_document(found: Verification) -> dict[str, object]:
    """Return what was found as JSON."""
    return {
        "records": found.records,
        "is_clean": found.is_clean,
        "first_bad_seq": found.first_bad_seq,
        "faults": [{"seq": fault.seq, "message": fault.message} for fault in found.faults],
    }


def render_verification(found: Verification) -> list[str]:
    """Return what was found as lines."""
    if found.is_clean:
        return [f"{found.records} records, each as it was written, none missing"]
    return [f"{found.records} records looked at", *(f"  {f.message}" for f in found.faults)]
