import asyncio
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from bascule import __version__
from bascule.cli.lean import MODULE_BY_WORDS
from bascule.cli.main import main
from bascule.cli.verbs import VERBS
from bascule.journal.record import Entry
from bascule.storage.sqlite import open_journal
from bascule.upgrade.events import KIND_BY_EVENT, Opened, render_event
from tests.support.orders import BLUE, START

HEAVY = ("aiohttp", "grpc", "google.protobuf", "rich", "cryptography", "yaml")
PYDANTIC = ("pydantic",)
"""Typer itself imports it as soon as a verb has options."""
NOT_LEAN = (
    *(*HEAVY, *PYDANTIC, "typer", "asyncio", "msgspec", "argparse", "inspect"),
    *("typing_extensions", "bascule.routing.model"),
)


@pytest.fixture
def opened(tmp_path: Path) -> Path:
    """A state directory whose gateway was opened, and nothing more."""
    event = Opened(split=BLUE)
    entry = Entry(at=START, actor="x", kind=KIND_BY_EVENT[Opened], data=render_event(event))
    with open_journal(tmp_path / "journal.db", as_owner=True) as journal:
        asyncio.run(journal.append([entry], expected_seq=0))
    return tmp_path


def test_help_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    told = capsys.readouterr().out
    assert [verb for verb in VERBS if verb not in told] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_its_module(verb: str) -> None:
    module = import_module(f"bascule.cli.{verb}_command")

    assert hasattr(module, "run" if (verb,) in MODULE_BY_WORDS else verb)


@pytest.mark.parametrize(
    ("line", "slow"),
    [
        ("--help", HEAVY + PYDANTIC),
        ("switch --help", HEAVY),
        ("status --help", NOT_LEAN),
        ("status --state {state}", NOT_LEAN),
        ("upgrade history --state {state}", NOT_LEAN),
    ],
    ids=["help", "switch", "help of status", "status", "history"],
)
def test_what_is_slow_to_import_is_not_imported_for(
    line: str, slow: tuple[str, ...], opened: Path
) -> None:
    words = line.format(state=opened).split()
    code = (
        "import sys; from bascule.cli.main import main; "
        f"assert main({words!r}) == 0; print(sorted(set({slow!r}) & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"bascule {__version__}\n"


def test_an_unknown_verb_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dance"]) == 2
    assert "dance" in capsys.readouterr().err


def test_an_error_of_a_verb_is_told_without_a_stack_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["weights", "blue=lots", "--state", "/nonexistent", "--output", "json"])

    told = capsys.readouterr()
    assert code == 3
    assert "Traceback" not in told.err
    assert json.loads(told.out)["error"]["exit_code"] == 3


@pytest.mark.parametrize("shares", [["blue"], ["blue=1", "blue=2"]], ids=["no percentage", "twice"])
def test_shares_are_written_as_cluster_and_percentage(shares: list[str]) -> None:
    assert main(["weights", *shares, "--state", "/nonexistent"]) == 2


def test_without_a_runtime_a_switch_says_so_and_how_to_start_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = main(["switch", "--from", "blue", "--to", "green", "--state", "/nonexistent"])

    assert code == 6
    assert "bascule run" in capsys.readouterr().err


def test_a_state_directory_without_a_gateway_has_no_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["status", "--state", "/nonexistent"]) == 2
    assert "no gateway has run" in capsys.readouterr().err


def test_the_status_of_a_gateway_without_a_runtime_is_what_its_journal_says(
    opened: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", "--state", str(opened), "-o", "json"]) == 0

    document = json.loads(capsys.readouterr().out)
    assert (document["active"], document["runtime"], document["clusters"]) == ("blue", None, None)
    assert document["runtime_reason"] == "no runtime works on this gateway"


def test_a_wrong_option_of_a_lean_verb_is_told_as_any_other_mistake(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["status", "--stat", "/nonexistent", "--output", "json"]) == 2

    told = capsys.readouterr()
    assert "bascule status --help" in told.err
    assert json.loads(told.out)["error"]["type"] == "UsageError"
