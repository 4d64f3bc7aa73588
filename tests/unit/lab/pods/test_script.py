import pytest

from bascule.lab.pods.script import FOREVER_S, Script, Step, parse_script


def outcome(script: Script | None) -> tuple[list[str], float, int] | None:
    if script is None:
        return None
    lines = [step.text for step in script.steps if step.action == "print"]
    seconds = sum(step.seconds for step in script.steps)
    code = next((step.code for step in script.steps if step.action == "exit"), 0)
    return lines, seconds, code


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param([], None, id="the image's own command"),
        pytest.param(["nginx", "-g", "daemon off;"], None, id="server"),
        pytest.param(["sleep", "5"], ([], 5, 0), id="sleep"),
        pytest.param(["/bin/sleep", "1m"], ([], 60, 0), id="sleep with a unit"),
        pytest.param(["sleep", "infinity"], ([], FOREVER_S, 0), id="sleep for ever"),
        pytest.param(["echo", "-n", "a", "b"], (["a b"], 0, 0), id="echo"),
        pytest.param(["false"], ([], 0, 1), id="false"),
        pytest.param(["sh", "-c", "echo a; sleep 2 && echo 'b c'"], (["a", "b c"], 2, 0), id="sh"),
        pytest.param(["bash", "-ec", "set -e\nexit 3; echo no"], ([], 0, 3), id="exit ends it"),
        pytest.param(["sh", "-c", "while true; do date; done"], None, id="endless"),
        pytest.param(["sh", "-c", "echo up; nginx"], (["up"], FOREVER_S, 0), id="then a server"),
        pytest.param(["sh", "-c", "echo up; trap x EXIT"], (["up"], FOREVER_S, 0), id="loop"),
        pytest.param(["sh"], None, id="shell without a command"),
        pytest.param(["sh", "-c", "echo 'open"], (["'open"], 0, 0), id="unbalanced quotes"),
        pytest.param(["sleep", "soon"], ([], 0, 0), id="no duration"),
        pytest.param(["exit"], ([], 0, 0), id="exit without a code"),
    ],
)  # fmt: skip
def test_a_command_does_what_it_would(
    command: list[str], expected: tuple[list[str], float, int] | None
) -> None:
    assert outcome(parse_script(command, [])) == expected


def test_arguments_belong_to_the_command() -> None:
    assert parse_script(["echo"], ["hi"]) == Script((Step("print", text="hi"),))


def test_the_example_that_computes_pi_ends() -> None:
    found = outcome(parse_script(["perl", "-Mbignum=bpi", "-wle", "print bpi(20)"], []))

    assert found is not None
    assert found[0][0].startswith("3.14159")


def test_quick_commands_end_by_themselves() -> None:
    found = outcome(parse_script(["date"], []))

    assert found is not None
    assert found[2] == 0
