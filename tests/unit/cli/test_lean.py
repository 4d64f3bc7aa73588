import pytest

from bascule.cli.lean import find_words, parse_line, render_help
from bascule.cli.main import main
from bascule.cli.rendering import Output
from bascule.errors import UsageError

VERB = "bascule upgrade status"


def test_a_verb_is_named_by_its_first_words() -> None:
    assert find_words(["upgrade", "status", "up"]) == ("upgrade", "status")
    assert find_words(["status"]) == ("status",)
    assert find_words(["upgrade", "approve"]) is None
    assert find_words([]) is None


@pytest.mark.parametrize(
    "words",
    [
        ["up", "-f", "a.yaml", "-o", "json"],
        ["--file", "a.yaml", "--output", "JSON", "up"],
        ["--file=a.yaml", "up", "-ojson"],
        ["-fb.yaml", "-fa.yaml", "--output=json", "up"],
    ],
)
def test_options_are_written_in_any_of_the_usual_ways(words: list[str]) -> None:
    line = parse_line(words, VERB, takes_name=True)

    assert (line.name, line.file, line.output) == ("up", "a.yaml", Output.JSON)
    assert (line.gateway, line.state) == (None, None)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--colour"], "no such option: --colour"),
        (["-x"], "no such option: -x"),
        (["--state"], "option --state requires an argument"),
        (["-o", "xml"], "'xml' is not one of text, json"),
        (["up", "down"], "unexpected argument 'down'"),
    ],
)
def test_a_wrong_line_is_refused_with_what_is_wrong(words: list[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_line(words, VERB, takes_name=True)

    assert caught.value.message == message
    assert caught.value.remedy == f"see `{VERB} --help`"


def test_a_verb_without_a_name_takes_no_word() -> None:
    with pytest.raises(UsageError, match="unexpected argument"):
        parse_line(["up"], "bascule status", takes_name=False)


def test_the_help_names_every_option() -> None:
    text = "\n".join(render_help(VERB, "Show it.", "The upgrade."))

    for option in ("-f, --file <PATH>", "--gateway", "--state", "-o, --output", "-h, --help"):
        assert option in text
    assert "name <str>  The upgrade." in text


@pytest.mark.parametrize("verb", ["status", "upgrade status", "upgrade history"])
def test_every_lean_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*verb.split(), "--help"]) == 0

    assert capsys.readouterr().out.startswith(f"Usage: bascule {verb} [OPTIONS]")
