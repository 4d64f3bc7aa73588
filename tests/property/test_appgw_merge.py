"""The algebra of merging: others untouched, twice is once, Azure's own spelling is no change."""

import copy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.azure.document import object_at
from bascule.gateway.appgw.canonical import is_unspoken
from bascule.gateway.appgw.difference import diff_documents
from bascule.gateway.appgw.merge import is_same, read_facts
from bascule.gateway.appgw.part import (
    CERTIFICATES,
    COLLECTIONS,
    LISTENERS,
    PATH_MAPS,
    POOLS,
    PORTS,
    PROBES,
    RULES,
    SETTINGS,
    Part,
)
from bascule.gateway.appgw.pfx import Pfx
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.ownership import Owns
from tests.support import arm_gateways as arm
from tests.support.appgw_parts import OWNS, Document, build_part, merged, shown
from tests.support.appgw_tables import read_case, whole_document

CASES = sorted((Path(__file__).parents[1] / "golden/appgw/translation").glob("*.in.yaml"))
EXAMPLES = 8
ADDRESSES = st.lists(
    st.integers(1, 250).map(lambda number: f"10.1.0.{number}"), max_size=4, unique=True
)
HOSTS = st.sampled_from(["a.example.com", "b.example.com", "*.example.com"])
CLUSTERS = st.sampled_from(["blue", "green"])


@st.composite
def foreign(draw: st.DrawFn) -> Document:
    """Return a gateway of somebody else, in some disorder, as Azure shows it."""
    pools = [arm.pool(name, *draw(ADDRESSES)) for name in draw(_names("their-pool"))]
    rules = draw(st.sampled_from([[], [arm.rule("their-rule", 10)]]))
    document = arm.gateway(
        {},
        ports=draw(st.sampled_from([(8080,), (8080, 80), (443, 8080)])),
        backendAddressPools=[*pools, arm.pool("blue"), arm.pool("z")],
        httpListeners=[arm.listener()] if rules else [],
        requestRoutingRules=rules,
        probes=[arm.part(name, unknown=draw(_values())) for name in draw(_names("their-probe"))],
        somethingNew=draw(_values()),
    )
    return shown({**document, "tags": {"team": draw(st.sampled_from(["a", "b"]))}})


@st.composite
def parts(draw: st.DrawFn) -> Part:
    """Return a part whose children refer to each other."""
    port = draw(st.sampled_from([80, 8081]))
    pools = [arm.pool(f"bsc-pool-{each}", *draw(ADDRESSES)) for each in ("blue", "green")]
    probe = {"protocol": draw(st.sampled_from(["Http", "Https"])), "host": "h", "path": "/"}
    probe |= draw(st.sampled_from([{}, {"interval": 30}, {"timeout": 7, "match": {}}]))
    host, cluster = draw(HOSTS), draw(CLUSTERS)
    return build_part(
        {
            PORTS: [arm.part(f"bsc-port-{port}", port=port)],
            POOLS: pools,
            PROBES: [arm.part("bsc-probe", **probe)],
            SETTINGS: [arm.settings("bsc-settings", probe=arm.ref(PROBES, "bsc-probe"))],
            LISTENERS: [
                arm.listener("bsc-l", host, frontendPort=arm.ref(PORTS, f"bsc-port-{port}"))
            ],
            PATH_MAPS: [_path_map(each, draw(_names("rule"))) for each in ("blue", "green")],
            RULES: [
                arm.rule(
                    "bsc-r",
                    draw(st.integers(100, 105)),
                    listener="bsc-l",
                    urlPathMap=arm.ref(PATH_MAPS, f"bsc-map-{cluster}"),
                )
            ],
        }
    )


def _names(stem: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([f"{stem}-{number}" for number in range(4)]), unique=True)


def _values() -> st.SearchStrategy[Any]:
    leaves = st.one_of(st.booleans(), st.integers(0, 9), st.sampled_from(["", "x", "Http"]))
    return st.recursive(
        leaves, lambda each: st.dictionaries(st.sampled_from("abc"), each, max_size=2), max_leaves=3
    )


def _path_map(cluster: str, rules: list[str]) -> Document:
    way = arm.to_pool(f"bsc-pool-{cluster}", "bsc-settings")
    return arm.part(
        f"bsc-map-{cluster}",
        **arm.to_pool(f"bsc-pool-{cluster}", "bsc-settings", default=True),
        pathRules=[arm.part(name, paths=[f"/{name}"], **way) for name in rules],
    )


def _without_ours(document: Document) -> Document:
    """Return a document without what is ours and what Azure shows of that elsewhere."""
    found = copy.deepcopy(document)
    properties = found["properties"]
    for collection in COLLECTIONS:
        children = properties.get(collection, [])
        properties[collection] = [e for e in children if not OWNS.is_ours(collection, e["name"])]
    return found


@settings(max_examples=EXAMPLES, deadline=None)
@given(foreign(), parts())
def test_what_is_not_ours_is_byte_for_byte_what_it_was(document: Document, part: Part) -> None:
    before = copy.deepcopy(document)

    body = merged(document, part)

    others = _without_ours(body)
    others["tags"] = before["tags"]
    assert others == before == document


@settings(max_examples=EXAMPLES, deadline=None)
@given(foreign(), parts())
def test_merging_twice_is_merging_once(document: Document, part: Part) -> None:
    body = merged(document, part)

    assert merged(body, part) == body


@settings(max_examples=EXAMPLES, deadline=None)
@given(foreign(), parts())
def test_what_was_written_and_read_back_is_not_written_again(
    document: Document, part: Part
) -> None:
    read_back = shown(merged(document, part))

    again = merged(read_back, part)

    assert is_same(again, read_back)
    assert again["properties"] == read_back["properties"]
    assert diff_documents(read_back, again, OWNS) == ()


@settings(max_examples=EXAMPLES, deadline=None)
@given(foreign(), parts(), parts())
def test_the_last_part_wins_whatever_was_there_before(
    document: Document, first: Part, second: Part
) -> None:
    directly = merged(document, second)
    after_another = merged(shown(merged(document, first)), second)

    assert is_same(shown(after_another), shown(directly))


@settings(max_examples=EXAMPLES, deadline=None)
@given(foreign(), parts())
def test_our_part_can_be_taken_out_again_without_a_trace(document: Document, part: Part) -> None:
    there = shown(merged(document, part))

    gone = merged(there, Part(children={}))

    assert shown({**gone, "tags": document["tags"]}) == document


@settings(max_examples=EXAMPLES, deadline=None)
@given(foreign(), parts())
def test_facts_do_not_depend_on_what_is_ours(document: Document, part: Part) -> None:
    assert read_facts(shown(merged(document, part)), OWNS) == read_facts(document, OWNS)


@settings(max_examples=EXAMPLES, deadline=None)
@given(foreign(), parts(), parts())
def test_two_documents_are_the_same_exactly_when_nothing_differs(
    document: Document, first: Part, second: Part
) -> None:
    one, other = merged(document, first), merged(document, second)

    assert is_same(one, other) == (not diff_documents(one, other, OWNS))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.removesuffix(".in.yaml"))
def test_whatever_the_translation_makes_is_the_same_when_azure_shows_it(case: Path) -> None:
    wanted, table, facts = read_case(case.read_text())
    part = Translator(wanted).translate(table, facts)
    pfx = {name: Pfx(data="MIIK", password="x") for name in part.children.get(CERTIFICATES, {})}
    owns = Owns(prefix=wanted.prefix, owner=wanted.owner)
    document = whole_document(Part(children={}), facts)

    read_back = shown(merged(document, part, owns, pfx=pfx))

    assert is_same(merged(read_back, part, owns), read_back)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.removesuffix(".in.yaml"))
def test_whatever_the_translation_says_is_known_to_be_ours_to_set(case: Path) -> None:
    wanted, table, facts = read_case(case.read_text())
    part = Translator(wanted).translate(table, facts)
    said = {
        (collection, name)
        for collection, children in part.children.items()
        for child in children.values()
        for name in object_at(child, "properties")
    }

    assert {place for place in said if is_unspoken(*place)} == set()
