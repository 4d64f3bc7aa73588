import json

import pytest

from bascule.errors import JournalError
from bascule.journal.record import Json
from bascule.platform.plan.encoding import parse_resource, render_resource
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
