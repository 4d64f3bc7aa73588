from typing import get_args

import pytest
from pydantic import TypeAdapter

from bascule.journal.record import Json
from bascule.notify.events import NewsKind
from bascule.notify.receivers import (
    TIMEOUT_MAX_S,
    TIMEOUT_S,
    Program,
    Webhook,
    find_problem,
    parse_receiver,
)
from bascule.spec.operations import AnyReceiver
from bascule.spec.operations import NewsKind as SpecKind


def test_a_webhook_is_named_by_its_host_or_its_variable_alone() -> None:
    plain = parse_receiver({"type": "webhook", "url": "https://hooks.example/T0/secret?k=v"})
    hidden = parse_receiver({"type": "webhook", "url_env": "SLACK_URL", "url": None})

    assert isinstance(plain, Webhook)
    assert isinstance(hidden, Webhook)
    assert (plain.name, hidden.name) == ("webhook hooks.example", "webhook $SLACK_URL")


def test_all_that_a_receiver_can_say_is_read() -> None:
    found = parse_receiver(
        {
            "type": "webhook",
            "url": "https://hooks.example",
            "headers_env": {"authorization": "HOOK_TOKEN"},
            "events": ["gate", "end", "of a later version"],
            "timeout_s": 3,
        }
    )

    assert found == Webhook(
        url="https://hooks.example",
        headers_env={"authorization": "HOOK_TOKEN"},
        kinds=frozenset({NewsKind.GATE, NewsKind.END}),
        timeout_s=3.0,
    )


def test_a_command_gets_everything_unless_told_otherwise() -> None:
    found = parse_receiver({"type": "command", "run": ["notify-send", "x"], "timeout_s": 1e9})

    assert found == Program(
        argv=("notify-send", "x"), kinds=frozenset(NewsKind), timeout_s=TIMEOUT_MAX_S
    )
    assert isinstance(found, Program)
    assert found.name == "command notify-send"


@pytest.mark.parametrize("timeout", [None, 0, -1, True, "3"])
def test_a_time_that_means_nothing_is_the_usual_one(timeout: Json) -> None:
    found = parse_receiver({"type": "command", "run": ["x"], "timeout_s": timeout})

    assert isinstance(found, Program)
    assert found.timeout_s == TIMEOUT_S


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"type": "webhook"}, "one of the two"),
        ({"type": "webhook", "url": "https://a", "url_env": "A"}, "one of the two"),
        ({"type": "webhook", "url": "ftp://a"}, "not one of http or https"),
        ({"type": "command", "run": []}, "needs run"),
        ({"type": "pigeon"}, "no receiver of type 'pigeon'"),
    ],
)
def test_what_is_no_receiver_says_why(data: dict[str, Json], problem: str) -> None:
    found = parse_receiver(data)

    assert isinstance(found, str)
    assert problem in found


@pytest.mark.parametrize(
    ("url", "is_fine"),
    [
        ("https://hooks.example/x", True),
        ("http://[::1]:8080/", True),
        ("file:///etc/passwd", False),
        ("https://", False),
        ("http://[broken", False),
        ("http://a:99999999/", False),
        ("hunter2", False),
    ],
)
def test_only_http_and_https_can_be_sent_to_and_no_problem_repeats_an_address(
    url: str, *, is_fine: bool
) -> None:
    problem = find_problem(url)

    assert (problem == "") is is_fine
    assert "hunter2" not in problem


def test_what_a_spec_says_of_receivers_is_what_is_read() -> None:
    spec = TypeAdapter[AnyReceiver](AnyReceiver)
    hook = spec.validate_python(
        {
            "type": "webhook",
            "urlEnv": "HOOK_URL",
            "headersEnv": {"Authorization": "TOKEN"},
            "events": ["approval"],
            "timeout": "3s",
        }
    )
    program = spec.validate_python({"type": "command", "run": ["wall"]})

    assert parse_receiver(hook.model_dump(mode="json")) == Webhook(
        url_env="HOOK_URL",
        headers_env={"authorization": "TOKEN"},
        kinds=frozenset({NewsKind.APPROVAL}),
        timeout_s=3.0,
    )
    assert parse_receiver(program.model_dump(mode="json")) == Program(argv=("wall",))
    assert {*get_args(SpecKind)} == {*NewsKind}
