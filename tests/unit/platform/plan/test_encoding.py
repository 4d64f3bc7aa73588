import json

import pytest

from bascule.errors import JournalError
from bascule.journal.record import Json
from bascule.platform.plan.encoding import (
    find_cluster,
    parse_resource,
    parse_resources,
    render_resource,
)
from bascule.platform.plan.gathering import build_desired
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids

RESOURCES = build_desired(read_ids(SMALL + GREEN + CONTROLLER), None).resources


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.name)
def test_a_resource_is_the_same_after_a_journal(resource: object) -> None:
    data = json.loads(json.dumps(render_resource(resource)))  # type: ignore[arg-type]  # pytest hides the type

    assert parse_resource(data) == resource


def test_what_is_no_resource_is_refused() -> None:
    good = render_resource(RESOURCES[0])

    with pytest.raises(JournalError, match="'moon' is no kind of resource"):
        parse_resource({**good, "kind": "moon"})
    with pytest.raises(JournalError, match="id is not text"):
        parse_resource({**good, "id": 5})
    with pytest.raises(JournalError, match="is no kind"):
        parse_resource(None)


def test_lists_that_are_missing_are_empty() -> None:
    good = render_resource(RESOURCES[0])
    later: dict[str, Json] = {"$later": {"of": "/x", "what": "y"}}

    found = parse_resource({**good, "needs": None, "document": {"a": later}})

    assert found.needs == ()


def test_an_act_says_its_cluster_and_what_it_makes() -> None:
    act: dict[str, Json] = {"cluster": "/x", "resources": [render_resource(RESOURCES[0])]}

    assert find_cluster(act).text == "/x"
    assert parse_resources(act) == RESOURCES[:1]


@pytest.mark.parametrize("act", [{}, {"cluster": 5, "resources": []}])
def test_an_act_that_says_nothing_is_refused(act: dict[str, Json]) -> None:
    with pytest.raises(JournalError, match="names nothing to make"):
        parse_resources(act)
    with pytest.raises(JournalError, match="names no cluster"):
        find_cluster(act)
