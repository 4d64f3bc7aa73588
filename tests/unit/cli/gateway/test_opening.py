import pytest

from bascule.cli.gateway.opening import parse_silence, refuse_blockers, teller
from bascule.cli.rendering import Output
from bascule.errors import PlanError, UsageError


@pytest.mark.parametrize(("text", "seconds"), [("5m", 300.0), ("0", 0.0), ("0s", 0.0)])
def test_silence_is_as_long_as_was_said_and_0_is_none(text: str, seconds: float) -> None:
    assert parse_silence(text) == seconds


def test_what_is_no_duration_is_told_with_its_option() -> None:
    with pytest.raises(UsageError, match="--silence: '5 minutes' is not a duration"):
        parse_silence("5 minutes")


def test_the_first_of_what_stands_against_a_verb_is_told() -> None:
    refuse_blockers("it is not done", ())

    with pytest.raises(PlanError, match="it is not done, first reason: one"):
        refuse_blockers("it is not done", ("one", "two"))


def test_scripts_are_told_how_far_it_is_beside_their_document(
    capsys: pytest.CaptureFixture[str],
) -> None:
    teller(Output.TEXT)("for people")
    teller(Output.JSON)("for scripts")

    assert capsys.readouterr() == ("for people\n", "for scripts\n")
