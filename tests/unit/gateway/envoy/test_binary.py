from pathlib import Path

import pytest

from bascule.errors import UsageError
from bascule.gateway.envoy.binary import VARIABLE, find_envoy


@pytest.fixture
def executable(tmp_path: Path) -> Path:
    path = tmp_path / "envoy"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o700)
    return path


def test_what_is_given_goes_before_the_environment(executable: Path) -> None:
    assert find_envoy(str(executable), {VARIABLE: "/nowhere"}) == executable


def test_the_environment_goes_before_the_package(executable: Path) -> None:
    assert find_envoy(None, {VARIABLE: str(executable)}) == executable


@pytest.mark.parametrize(
    ("given", "environment", "named"),
    [("/nowhere", {}, "gateway.binary"), (None, {VARIABLE: "/nowhere"}, VARIABLE)],
    ids=["given", "environment"],
)
def test_a_name_that_leads_nowhere_is_said(
    given: str | None, environment: dict[str, str], named: str
) -> None:
    with pytest.raises(UsageError, match=named):
        find_envoy(given, environment)


def test_the_package_is_found_without_a_path() -> None:
    assert find_envoy(None, {"PATH": ""}).name == "envoy"
