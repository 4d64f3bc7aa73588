import pytest

from bascule.ids import Cluster
from bascule.routing.naming import (
    PLAIN_NAMING,
    PLAIN_TAGS,
    build_tag,
    choose_newest,
    name_backend,
    read_tag,
)


def test_the_first_cluster_of_a_role_is_called_by_it_and_later_ones_are_counted() -> None:
    assert [build_tag(Cluster.GREEN, number) for number in (0, 1, 12)] == [
        "green",
        "green-1",
        "green-12",
    ]
    assert dict(PLAIN_NAMING.tags) == PLAIN_TAGS
    assert dict(PLAIN_NAMING.aliases) == {"blue": Cluster.BLUE, "green": Cluster.GREEN}


def test_a_backend_begins_with_its_tag() -> None:
    renamed = name_backend("green/shop/web/http", "blue-1")

    assert renamed == "blue-1/shop/web/http"
    assert read_tag(renamed) == "blue-1"


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ([], {"blue": "blue", "green": "green"}),
        (["green", "blue"], {"blue": "blue", "green": "green"}),
        (["green-2", "green-10", "green"], {"blue": "blue", "green": "green-10"}),
    ],
)
def test_the_newest_generation_of_each_cluster_counts(
    tags: list[str], expected: dict[str, str]
) -> None:
    assert {c.value: tag for c, tag in choose_newest(tags).items()} == expected
