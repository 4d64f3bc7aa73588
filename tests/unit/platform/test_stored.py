import json

import pytest

from bascule.errors import JournalError
from bascule.journal.record import Json
from bascule.platform.desired.model import Kind, find_later
from bascule.platform.plan.gathering import build_desired
from bascule.platform.stored import choose_part, parse_resource, render_resource
from tests.support.platforms import CONTROLLER, GREEN, SMALL, read_ids

IDS = read_ids(f"{SMALL}{GREEN}{CONTROLLER}")
ALL = build_desired(IDS, None).resources


def test_every_resource_is_read_as_it_was_written() -> None:
    for resource in ALL:
        stored = json.loads(json.dumps(render_resource(resource)))

        assert parse_resource(stored) == resource
    assert any(find_later(resource.document) for resource in ALL)


@pytest.mark.parametrize(
    "broken", [{"kind": "castle"}, {"id": 7}, {"document": "none"}, {"kept": []}]
)
def test_what_is_no_resource_is_refused(broken: dict[str, Json]) -> None:
    with pytest.raises(JournalError):
        parse_resource({**render_resource(ALL[0]), **broken})


def test_what_a_plan_does_not_say_is_left_out() -> None:
    stored = render_resource(ALL[0])
    stored["needs"] = None

    assert parse_resource(stored).needs == ()


def test_a_value_of_another_kind_is_kept_as_text() -> None:
    odd: dict[str, Json] = {"of": 1, "path": None}
    resource = parse_resource({**render_resource(ALL[0]), "document": {"a": {"$later": odd}}})

    (later,) = find_later(resource.document)
    assert (str(later.of), later.path) == ("1", ())


def test_what_exists_only_for_a_cluster_is_told_apart_from_what_waits_for_it() -> None:
    for name, other in (("new", "old"), ("old", "new")):
        part = choose_part(ALL, IDS.cluster(name))

        assert part[0].id == IDS.cluster(name)
        kinds = {resource.kind for resource in part}
        assert kinds <= {Kind.CLUSTER, Kind.POOL, Kind.ASSIGNMENT, Kind.CREDENTIAL}
        assert {Kind.ASSIGNMENT, Kind.CREDENTIAL} <= kinds
        assert not {r.id.key for r in part} & {
            r.id.key for r in choose_part(ALL, IDS.cluster(other))
        }
