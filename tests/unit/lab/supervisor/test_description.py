from pathlib import Path

import pytest

from bascule.errors import UsageError
from bascule.lab.supervisor.description import (
    CLUSTERS_DEFAULT,
    LabDescription,
    LabDirectory,
    check_name,
    labs_root,
    parse_clusters,
)


def test_clusters_are_read_with_their_versions() -> None:
    clusters = parse_clusters("blue=1.33, green=v1.36")

    assert [(item.name, item.version) for item in clusters] == [("blue", "1.33"), ("green", "1.36")]
    assert parse_clusters(CLUSTERS_DEFAULT) == clusters


@pytest.mark.parametrize(
    "text", ["", "blue", "blue=", "Blue=1.33", "a=1,a=2", ",".join(f"c{n}=1.33" for n in range(9))]
)
def test_what_names_no_clusters_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_clusters(text)


@pytest.mark.parametrize("name", ["", "../up", "A", "x" * 40, "-a"])
def test_names_that_could_leave_the_directory_are_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_name(name)


def test_labs_lie_in_the_users_state_directory() -> None:
    assert labs_root({"XDG_STATE_HOME": "/s"}) == Path("/s/bascule/lab")
    assert labs_root({"HOME": "/h"}) == Path("/h/.local/state/bascule/lab")
    assert check_name("lab-1") == "lab-1"


def test_a_lab_is_found_as_it_was_described(tmp_path: Path) -> None:
    import msgspec

    lab = LabDescription(name="lab", clusters=parse_clusters("blue=1.33"), restarts=True)
    directory = LabDirectory(tmp_path)
    assert directory.load() is None
    directory.description.write_bytes(msgspec.json.encode(lab))

    assert directory.load() == lab
    assert lab.context("blue") == "lab-blue"


def test_a_broken_description_says_what_to_do(tmp_path: Path) -> None:
    directory = LabDirectory(tmp_path)
    directory.description.write_text("{")

    with pytest.raises(UsageError) as error:
        directory.load()

    assert str(tmp_path) in error.value.remedy
