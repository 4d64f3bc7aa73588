"""`bascule upgrade history`: what happened on a gateway, a line for each record of its journal."""

from collections.abc import Sequence

from bascule.app.offline import read_records
from bascule.cli.lean import Line
from bascule.cli.places import find_place
from bascule.cli.rendering import Output, print_document, print_lines
from bascule.cli.upgrade.history_text import record_document, render_record
from bascule.errors import UsageError
from bascule.journal.record import Record

HELP = "Show each upgrade and order that the journal has: when, who, what, why."
NAME_HELP = "Only this upgrade, and what happened meanwhile; all there is if absent."


def run(line: Line) -> None:
    """Show the history."""
    place = find_place(file=line.file, gateway=line.gateway, state=line.state)
    records = read_records(place)
    if line.name:
        records = choose_records(records, line.name)
    if line.output is Output.JSON:
        print_document({"records": [record_document(record) for record in records]})
    else:
        print_lines(render_record(record) for record in records)


def choose_records(records: Sequence[Record], name: str) -> tuple[Record, ...]:
    """Return the records of one upgrade, all that lay between its first and last one included.

    Raises UsageError where there is none.
    """
    own = [place for place, r in enumerate(records) if r.entry.data.get("upgrade") == name]
    if own:
        return tuple(records[own[0] : own[-1] + 1])
    known = dict.fromkeys(
        str(r.entry.data.get("upgrade")) for r in records if r.entry.kind == "upgrade_started"
    )
    there = f"known: {', '.join(known)}" if known else "none has been started on this gateway"
    raise UsageError(f"there is no upgrade {name!r} in the journal", remedy=there)
