"""One record of the journal: dense sequence, time, actor, kind, data, and a chain of digests."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from bascule.errors import CorruptJournalError

Json: TypeAlias = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
GENESIS = "0" * 64
UNPROVEN = (
    "traffic stays as it is: see all that is wrong with `bascule upgrade verify-journal`, "
    "then restore the journal from a copy"
)
"""What to do about a journal that was edited or cut."""
_RENDER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a writer wants recorded; `actor` is who, as `user@host` or a component."""

    at: datetime
    actor: str
    kind: str
    data: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An entry in its place: `seq` counts from 1, no holes; `digest` covers all and `previous`."""

    seq: int
    entry: Entry
    generation: int
    """The writer's fencing generation; never falls from one record to the next."""
    previous: str
    digest: str


def build_record(entry: Entry, *, seq: int, generation: int, previous: str) -> Record:
    """Return `entry` as the record `seq` after the one whose digest is `previous`."""
    digest = compute_digest(entry, seq=seq, generation=generation, previous=previous)
    return Record(seq=seq, entry=entry, generation=generation, previous=previous, digest=digest)


def compute_digest(entry: Entry, *, seq: int, generation: int, previous: str) -> str:
    """Return the digest of `entry` in its place: SHA-256 over `previous` and one JSON text."""
    body = {
        "seq": seq,
        "generation": generation,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "kind": entry.kind,
        "data": entry.data,
    }
    return hashlib.sha256(f"{previous}\n{_RENDER(body)}".encode()).hexdigest()


def verify_chain(records: Iterable[Record], *, previous: str = GENESIS, first_seq: int = 1) -> int:
    """Return the number of records if the chain holds from `first_seq` on.

    Raises CorruptJournalError at the first record that is missing, edited, out of order, or written
    under an older generation than the one before it.
    """
    count = 0
    generation = 0
    for record in records:
        seq = first_seq + count
        if record.seq != seq:
            raise CorruptJournalError(
                f"record {seq} of the journal is missing (found {record.seq})", remedy=UNPROVEN
            )
        digest = compute_digest(
            record.entry, seq=seq, generation=record.generation, previous=previous
        )
        is_same = record.digest == digest and record.previous == previous
        if not is_same or record.generation < generation:
            raise CorruptJournalError(
                f"record {seq} of the journal is not as it was written", remedy=UNPROVEN
            )
        previous, generation = record.digest, record.generation
        count += 1
    return count
