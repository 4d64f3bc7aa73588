"""What one routing table makes of a gateway's document, whichever document it is by then."""

from collections.abc import Iterator, Mapping, Sequence

from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.errors import DriverError, InvariantError
from bascule.gateway.appgw.difference import ChangeKind, ChildChange
from bascule.gateway.appgw.live import render_split
from bascule.gateway.appgw.merge import merge, read_facts
from bascule.gateway.appgw.part import CERTIFICATES, POOLS, RULES, Part
from bascule.gateway.appgw.pfx import Pfx, build_pfx
from bascule.gateway.appgw.settings import Mechanism
from bascule.gateway.appgw.translate.prepared import without_prepared
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.ownership import (
    OWNER_TAG,
    SPLIT_TAG,
    SWITCH_TAG,
    TABLE_DIGITS,
    TABLE_TAG,
    Owns,
    switch_of,
)
from bascule.ids import CertificateDigest
from bascule.routing.certificates import Certificate, CertificateStore
from bascule.routing.model import Problem, RoutingTable

LINES_MAX = 3
"""So many changes are told in one sentence."""


class TableChange:
    """Puts `table` into a document; `problems` are those of the last one that it was put into."""

    def __init__(
        self,
        table: RoutingTable,
        certificates: CertificateStore,
        *,
        translator: Translator,
        owns: Owns,
        is_probing: bool = True,
        is_held: bool = False,
    ) -> None:
        self._table = table
        self._certificates = certificates
        self._translator = translator
        self._owns = owns
        self._is_probing = is_probing
        """Whether listeners without clients lead to what is to be probed."""
        self._is_held = is_held
        """Whether routes go on to change clusters by what they do now."""
        self.problems: tuple[Problem, ...] = ()

    def __call__(self, document: Document) -> Document:
        """Return the whole body to PUT."""
        facts = read_facts(document, self._owns)
        if facts.is_moved_by(self._table.split):
            self._is_held = True  # A switch is nothing else, not at its second try either.
        part = self._translator.translate(self._table, facts.held() if self._is_held else facts)
        if not self._is_probing:
            part = without_prepared(part)
        self.problems = part.problems
        tags = {
            OWNER_TAG: self._owns.owner,
            TABLE_TAG: self._table.digest[:TABLE_DIGITS],
            SPLIT_TAG: render_split(self._table.split),
            **_tag_mechanism(document, part),
        }
        pfx = build_missing(document, part, self._certificates)
        return merge(document, part, self._owns, pfx=pfx, tags=tags)


def _tag_mechanism(document: Document, part: Part) -> Mapping[str, str]:
    """Return the tag of what is not by rules, or was not."""
    is_by_rules = part.choice.mechanism is Mechanism.RULES
    if is_by_rules and not switch_of(object_at(document, "tags")):
        return {}
    return {SWITCH_TAG: part.choice.mechanism.value}


def build_missing(
    document: Document, part: Part, certificates: CertificateStore
) -> Mapping[str, Pfx]:
    """Return those certificates of `part` that the gateway does not hold yet, by name.

    Raises DriverError for a pair that no such gateway takes.
    """
    return {name: build_pfx(pair) for name, pair in _find_missing(document, part, certificates)}


def find_unusable(
    document: Document, part: Part, certificates: CertificateStore
) -> Mapping[CertificateDigest, str]:
    """Return why no such gateway takes a certificate that it does not hold yet."""
    found: dict[CertificateDigest, str] = {}
    for _, pair in _find_missing(document, part, certificates):
        try:
            build_pfx(pair)
        except DriverError as error:
            found[pair.digest] = error.message
    return found


def _find_missing(
    document: Document, part: Part, certificates: CertificateStore
) -> Iterator[tuple[str, Certificate]]:
    there = {
        text_at(each, "name").lower() for each in list_at(document, "properties", CERTIFICATES)
    }
    for name, digest in part.certificates.items():
        if name.lower() in there:
            continue
        pair = certificates.by_digest.get(digest)
        if pair is None:
            raise InvariantError(f"the certificate {name} is named and was not handed over")
        yield name, pair


def is_switch(changes: Sequence[ChildChange]) -> bool:
    """Whether nothing but where rules lead, or what pools hold, differs of our children."""
    ours = [each for each in changes if each.is_ours and each.collection]
    return bool(ours) and all(
        each.kind is ChangeKind.CHANGED and each.collection in {RULES, POOLS} for each in ours
    )


def describe(changes: Sequence[ChildChange], who: str = "") -> str:
    """Return what differs of ours in one sentence, and who wrote the gateway meanwhile."""
    lines = [line for each in changes for line in each.lines]
    more = len(lines) - LINES_MAX
    told = "; ".join(lines[:LINES_MAX]) + (f"; and {more} more" if more > 0 else "")
    by = who or "nobody is named in the activity log yet"
    return f"what is ours on the gateway is not as it was written: {told} ({by})"
