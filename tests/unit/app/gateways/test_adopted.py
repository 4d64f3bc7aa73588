from dataclasses import replace
from pathlib import Path

import pytest

from bascule.app.gateways.adopted import (
    Adopted,
    find_file,
    join_controllers,
    keep_adopted,
    load_adopted,
)
from bascule.app.gateways.agic import Controller
from bascule.app.state_dir import StateDir
from bascule.errors import UsageError
from bascule.ids import Cluster

AGIC = Controller(
    cluster=Cluster.BLUE, context="old", namespace="agic", name="ingress-azure", replicas=2
)
ADOPTED = Adopted(
    agic_prefix="a-",
    document={"id": "/gateway", "tags": {"team": "shop"}},
    controllers=(AGIC,),
    add_ons=("/cluster",),
)


def test_what_is_kept_is_read_again_for_its_owner_alone(tmp_path: Path) -> None:
    place = StateDir(tmp_path)

    keep_adopted(place, ADOPTED)

    assert load_adopted(place, "/Gateway") == ADOPTED
    assert find_file(place).stat().st_mode & 0o777 == 0o600


def test_without_a_file_nothing_was_taken_over(tmp_path: Path) -> None:
    assert load_adopted(StateDir(tmp_path), "/gateway") is None


def test_a_file_that_cannot_be_read_is_an_error_and_not_nothing(tmp_path: Path) -> None:
    find_file(StateDir(tmp_path)).write_text("{}")

    with pytest.raises(UsageError, match="cannot be read"):
        load_adopted(StateDir(tmp_path), "/gateway")


def test_where_nothing_can_be_written_nothing_is_begun(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nothing was changed"):
        keep_adopted(StateDir(tmp_path / "missing"), ADOPTED)


def test_replicas_that_an_earlier_try_has_put_to_sleep_are_not_forgotten() -> None:
    asleep = replace(AGIC, replicas=0, context="new")
    other = replace(AGIC, cluster=Cluster.GREEN)
    grown = replace(AGIC, replicas=3)

    assert join_controllers((asleep, other), (AGIC,)) == (replace(AGIC, context="new"), other)
    assert join_controllers((grown,), (AGIC,)) == (grown,)
    assert join_controllers((), (AGIC,)) == (AGIC,)


def test_what_is_kept_of_another_gateway_does_not_count_and_is_put_aside(tmp_path: Path) -> None:
    place = StateDir(tmp_path)
    keep_adopted(place, ADOPTED)

    assert load_adopted(place, "/other") is None
    keep_adopted(place, replace(ADOPTED, document={"id": "/other"}))

    assert len([*tmp_path.iterdir()]) == 2
    assert load_adopted(place, "/gateway") is None
