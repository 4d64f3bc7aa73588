"""Where Envoy is found, and the end of its log."""

from pathlib import Path

import pytest

from bascule.errors import UsageError
from bascule.lab.arm.dataplane.envoy import VARIABLE, find_envoy, find_reason, tail


def test_the_variable_names_the_executable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "/bin/sh")

    assert find_envoy() == Path("/bin/sh")


def test_a_variable_that_names_nothing_is_an_error_that_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(VARIABLE, "/nowhere/envoy")

    with pytest.raises(UsageError, match="is not installed") as error:
        find_envoy()

    assert VARIABLE in error.value.remedy


def test_without_the_variable_it_is_the_packaged_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    assert find_envoy().name.startswith("envoy")


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ("", ""),
        ("a\n[1][warning][config] rejected: why\n", "[1][warning][config] rejected: why"),
        (
            "a\n[1][critical][assert] why\n[1][critical][x] #0\nAborted\n",
            "[1][critical][assert] why",
        ),
    ],
)
def test_the_reason_of_an_end_is_its_critical_line_or_its_last(log: str, reason: str) -> None:
    assert find_reason(log) == reason


def test_only_the_end_of_a_log_is_read(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("first\nsecond\n")

    assert tail(tmp_path / "log", 7) == "second\n"
    assert tail(tmp_path / "none", 7) == ""
