"""Puts our part into a gateway's document; all else stays byte for byte."""

from collections.abc import Mapping

from bascule.azure.document import Document
from bascule.gateway.appgw.part import Facts, Part
from bascule.gateway.appgw.pfx import Pfx
from bascule.gateway.ownership import Owns


def read_facts(document: Document, owns: Owns) -> Facts:
    """Return what of the gateway is not ours and matters to the translation."""
    raise NotImplementedError(document, owns)


def merge(
    document: Document,
    part: Part,
    owns: Owns,
    *,
    pfx: Mapping[str, Pfx],
    tags: Mapping[str, str],
) -> dict[str, object]:
    """Return the whole body to PUT. `pfx` by the name of the certificate's child."""
    raise NotImplementedError(document, part, owns, pfx, tags)


def is_same(one: Document, other: Document) -> bool:
    """Whether two documents ask the gateway for the same.

    Read-only fields, etags, back references, service defaults, casing and data that is never shown
    do not count, and neither does the tag that names the table: it alone is no reason to write.
    """
    raise NotImplementedError(one, other)
