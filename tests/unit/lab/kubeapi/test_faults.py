from random import Random

import pytest

from bascule.lab.kubeapi.faults import FaultBoard, Faults, Match, Rule, parse_faults
from bascule.lab.kubeapi.http.paths import parse_target
from bascule.lab.kubeapi.objects.statuses import StatusError

LIST = parse_target("GET", "/apis/apps/v1/namespaces/shop/deployments", {})
GET = parse_target("GET", "/api/v1/namespaces/shop/pods/web-1", {})


def board(*rules: Rule) -> FaultBoard:
    made = FaultBoard(Random(1))  # noqa: S311 - which requests fail
    made.set(Faults(rules=list(rules)))
    return made


@pytest.mark.parametrize(
    ("match", "meant"),
    [
        (Match(), True),
        (Match(verb="list", resource="deployments.apps"), True),
        (Match(resource="deployments"), True),
        (Match(resource="pods"), False),
        (Match(verb="*", namespace="shop", user="jane"), True),
        (Match(path="^/apis/apps/"), True),
        (Match(verb="watch"), False),
        (Match(name="web"), False),
        (Match(path="pods"), False),
    ],
)
def test_a_match_covers_what_it_names(match: Match, meant: bool) -> None:  # noqa: FBT001 - a table
    assert match.covers(LIST, "jane") == meant


def test_a_rule_counts_down_and_the_next_one_follows() -> None:
    made = board(Rule(name="first", times=1, status=500), Rule(name="second", status=503))

    hits = [made.hit(GET, "jane") for _ in range(3)]

    assert [rule.name for rule in hits if rule] == ["first", "second", "second"]


def test_a_rule_may_be_a_matter_of_chance() -> None:
    made = board(Rule(probability=0.5))

    hits = sum(made.hit(GET, "jane") is not None for _ in range(1_000))

    assert 400 < hits < 600


def test_an_error_carries_reason_and_delay() -> None:
    error = Rule(status=429, retry_after_seconds=2).to_error()

    assert (error.code, error.reason) == (429, "TooManyRequests")
    assert error.details == {"retryAfterSeconds": 2}


def test_what_is_cleared_is_over() -> None:
    made = board(Rule(status=500))

    made.clear()

    assert made.hit(GET, "jane") is None
    assert made.to_json() == {"rules": [], "disabledFeatures": [], "now": [], "outage": None}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"rules": [{"matc": {}}]}',
        b'{"rules": [{"match": {"path": "("}}]}',
        b'{"rules": [{"delayMs": -1}]}',
        b'{"outage": {"durationS": 0}}',
        b'{"disabledFeatures": ["gravity"]}',
        b'{"now": [{"action": "explode"}]}',
    ],
    ids=["json", "field", "regex", "delay", "outage", "feature", "action"],
)
def test_nonsense_is_refused(body: bytes) -> None:
    with pytest.raises(StatusError) as caught:
        parse_faults(body)

    assert caught.value.code == 400
