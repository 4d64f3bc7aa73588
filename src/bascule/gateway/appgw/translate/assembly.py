"""The fragments of all hosts as one part of the document."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bascule.azure.document import Document
from bascule.gateway.appgw.limits import bytes_left, count_bytes
from bascule.gateway.appgw.part import COLLECTIONS, LISTENERS, RULES, Part
from bascule.gateway.appgw.translate.fragments import Fragment
from bascule.gateway.appgw.translate.listeners import FRONTENDS, put_port
from bascule.gateway.appgw.translate.prepared import NOT_PREPARED, Prepared, give_way, prepare
from bascule.gateway.appgw.translate.sheet import Pairs, Sheet, Site, Written
from bascule.ids import CertificateDigest

DEFAULT_PRIORITY = 20_000
_OF = (LISTENERS, RULES)
"""What of the other children is looked at where something is prepared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A part, and the fragments that it was made of."""

    part: Part
    fragments: tuple[Fragment, ...] = ()
    children: Written = field(default_factory=dict)
    """Without what is prepared."""
    prepared: Prepared = NOT_PREPARED


def assemble(
    fragments: Sequence[Fragment], site: Site, previous: Assembled | None = None
) -> Assembled:
    """Return the part that `fragments` make up, in their order.

    Of `previous` is taken over what still holds; the outcome is the same without it.
    """
    found = tuple(fragments)
    patched = _patch(previous, found) if previous is not None else None
    children = patched if patched is not None else _collect(found)
    certificates: dict[str, CertificateDigest] = {}
    for each in found:
        if each.certificates:
            certificates |= each.certificates
    is_alike = patched is not None and previous is not None and _asks_alike(previous, found)
    prepared = previous.prepared if is_alike and previous else _prepare(found, children, site)
    shown = _join(children, prepared) if children.get(RULES) else _with_default(children, site)
    told = {problem for each in found for problem in each.problems}
    part = Part(
        children={name: shown.get(name, {}) for name in COLLECTIONS},
        certificates=dict(sorted(certificates.items())),
        problems=tuple(sorted({*told, *prepared.problems})),
    )
    return Assembled(part=part, fragments=found, children=children, prepared=prepared)


def narrow(assembled: Assembled, site: Site) -> Part:
    """Return the part with as much prepared as the document has room for beside all hosts."""
    part, before, limits = assembled.part, assembled.prepared, site.settings.limits
    if limits is None or not before.children:
        return part
    room = bytes_left(site.facts, limits) - count_bytes(assembled.children)
    prepared = give_way(before, room, site)
    if prepared is before:
        return part
    shown = _join(assembled.children, prepared)
    told = set(part.problems) - set(before.problems)
    return replace(
        part,
        children={name: shown.get(name, {}) for name in COLLECTIONS},
        problems=tuple(sorted({*told, *prepared.problems})),
    )


def _collect(fragments: Sequence[Fragment]) -> Written:
    children: Written = {name: {} for name in COLLECTIONS}
    for each in fragments:
        for name, found in each.children.items():
            children[name].update(found)
    return children


def _patch(previous: Assembled, fragments: tuple[Fragment, ...]) -> Written | None:
    """Return the children where the changed fragments have the names that they had, else None."""
    before = previous.fragments
    if len(before) != len(fragments):
        return None
    changes: dict[str, dict[str, Document]] = {}
    for old, new in zip(before, fragments, strict=True):
        if old is new:
            continue
        if [*old.children] != [*new.children]:
            return None
        for name, found in new.children.items():
            if [*old.children[name]] != [*found]:
                return None
            changes.setdefault(name, {}).update(found)
    return {
        name: {**found, **changes[name]} if name in changes else found
        for name, found in previous.children.items()
    }


def _asks_alike(previous: Assembled, fragments: tuple[Fragment, ...]) -> bool:
    """Return whether what was prepared would be so again, for children of the same names."""
    return all(
        old is new
        or (old.pairs == new.pairs and all(old.children.get(k) == new.children.get(k) for k in _OF))
        for old, new in zip(previous.fragments, fragments, strict=True)
    )


def _prepare(fragments: Sequence[Fragment], children: Written, site: Site) -> Prepared:
    pairs: Pairs = {}
    for each in fragments:
        pairs |= each.pairs
    return prepare(pairs, children, site)


def _join(children: Written, prepared: Prepared) -> Written:
    more = prepared.children.items()
    return {**children, **{name: {**children.get(name, {}), **found} for name, found in more}}


def _with_default(children: Written, site: Site) -> Written:
    """Return the children with a listener that answers 502, where the gateway has none at all.

    Azure takes no gateway without a listener and a rule.
    """
    frontend = site.facts.public_frontend or site.facts.private_frontend
    if site.facts.used.get(RULES) or not frontend:
        return children
    sheet = Sheet(site)
    pool, settings = sheet.put_nothing()
    listener = sheet.put(
        LISTENERS,
        site.names.default,
        {
            "frontendIPConfiguration": site.ref(FRONTENDS, frontend),
            "frontendPort": put_port(site.settings.http_port, sheet),
            "protocol": "Http",
            "hostNames": [],
            "requireServerNameIndication": False,
        },
    )
    rule = {
        "ruleType": "Basic",
        "priority": DEFAULT_PRIORITY,
        "httpListener": listener,
        "backendAddressPool": pool,
        "backendHttpSettings": settings,
    }
    sheet.put(RULES, site.names.default, rule)
    return sheet.children
