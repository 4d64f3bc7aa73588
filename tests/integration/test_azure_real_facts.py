"""What `make azure-real` makes of what it saw, and that its file names nobody."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from bascule.azure.resource_id import ResourceId
from scripts.azure_real import documents, fact_file
from scripts.azure_real.judging import judge_drain, judge_mixture, judge_reach, judge_waits
from scripts.azure_real.traffic import Answer, Kept
from scripts.azure_real.watching import Seen

GATEWAY = ResourceId(
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
)
DOCUMENT: dict[str, Any] = {
    "etag": "1",
    "properties": {
        "backendAddressPools": [{"name": "first", "properties": {}}],
        "backendHttpSettingsCollection": [{"name": "plain", "properties": {"port": 80}}],
        "requestRoutingRules": [
            {"name": "r", "properties": {"priority": 7, "httpListener": {}, "ruleType": "Basic"}}
        ],
        "somethingNew": {"kept": True},
    },
}


def answer(sent_s: float, what: str) -> Answer:
    return Answer(sent_s=sent_s, took_s=0.5, what=what)


def mixture(*answers: Answer) -> dict[str, Any]:
    return judge_mixture(answers, "old", "new", sent_s=10.0, ended_s=13.0)


def test_old_answers_after_the_first_new_one_are_a_mixture() -> None:
    fact = mixture(answer(9, "old"), answer(11, "new"), answer(12, "old"), answer(14, "new"))

    assert (fact["answer"], fact["mixed_s"]) == ("mixed", 1.0)
    assert (fact["first_new_s"], fact["last_old_s"]) == (1.0, 2.0)
    assert fact["is_live_when_operation_ends"] is True


def test_a_change_that_comes_about_at_once_is_one_step() -> None:
    fact = mixture(answer(9, "old"), answer(13.5, "old"), answer(14, "new"), answer(15, "502"))

    assert (fact["answer"], fact["mixed_s"]) == ("in one step", 0.0)
    assert fact["is_live_when_operation_ends"] is False
    assert fact["other_answers"] == {"502": 1}


def test_a_change_that_nobody_saw_is_not_known() -> None:
    assert mixture(answer(9, "old"))["answer"] == "unknown"


@pytest.mark.parametrize(
    ("slow", "said"),
    [
        ([(1.0, "200"), (60.0, "200")], "cuts nothing"),
        ([(1.0, "200"), (60.0, "ServerDisconnectedError")], "cuts past the time-out"),
        ([(1.0, "502"), (60.0, "200")], "cuts at once"),
        ([(1.0, "502"), (60.0, "502")], "unknown"),
    ],
)
def test_requests_in_flight_are_judged_by_their_length(
    slow: Sequence[tuple[float, str]], said: str
) -> None:
    answers = [(length_s, answer(0, what)) for length_s, what in slow]

    assert judge_drain(answers, Kept(made=5), 5, drain_s=20)["answer"] == said


def test_what_is_reached_goes_by_the_health_of_every_server() -> None:
    ways = ("one-pods", "two-pods")

    both = judge_reach({"one-pods": ["Healthy"], "two-pods": ["Healthy"]}, ways)
    one = judge_reach({"one-pods": ["Healthy"], "two-pods": ["Healthy", "Unhealthy"]}, ways)
    none = judge_reach({}, ways)

    said = [each["answer"] for each in (both, one, none)]
    assert said == ["both clusters' pods", "one cluster's pods", "no pod"]


def test_waits_are_told_as_values_and_how_often_in_a_row() -> None:
    seen = Seen(name="PUT x", began_s=0, retry_after_s=[None, 10.0, 10.0, 20.0], took_s=31.239)

    operations = judge_waits([seen])["operations"]

    assert operations["PUT x"][0]["retry_after_s"] == [[None, 1], [10.0, 2], [20.0, 1]]
    assert operations["PUT x"][0]["took_s"] == 31.24


def test_a_fact_names_nobody() -> None:
    why = (
        "The client 'ada@contoso.com' with object id '0b4f8a52-7f2e-4c0e-9a47-0d6c9d6c1f5e' at "
        "https://management.azure.com/subscriptions/x and 20.1.2.3 may not write shop-RG"
        ", nor from 2001:db8::1f or fe80:0:0:0:1:2:3:4 at 12:30:45"
    )
    document = fact_file.build_document(
        {"if_match": {"answer": "unknown", "why": why, "inside": [why, 10.5]}},
        {"if_match": "Does it?"},
        made_on=date(2026, 11, 23),
        cloud="https://localhost:8443",
        location="westeurope",
        is_whole=False,
        left=("shop-RG",),
    )

    redacted = fact_file.redact(document, ("Shop-rg",))

    fact = redacted["facts"]["if_match"]
    assert fact["why"] == (
        "The client 'MAIL' with object id 'GUID' at URL and ADDRESS may not write NAME"
        ", nor from ADDRESS or ADDRESS at 12:30:45"
    )
    assert fact["inside"] == [fact["why"], 10.5]
    assert (redacted["cloud"], redacted["is_all_removed"]) == ("other", False)


def test_changes_of_a_gateway_leave_the_rest_as_it_is() -> None:
    changed = documents.with_map(DOCUMENT, GATEWAY, {"one": ["10.0.0.4"], "two": []}, 8080)
    redirected = documents.with_redirect(changed, GATEWAY, "https://example.com/new")
    drained = documents.with_drain(documents.with_unrelated_pool(redirected), 20, 680)

    properties = drained["properties"]
    names = [pool["name"] for pool in properties["backendAddressPools"]]
    (rule,) = properties["requestRoutingRules"]
    (settings,) = properties["backendHttpSettingsCollection"]
    assert names == ["first", "one", "two", documents.UNRELATED_POOL]
    assert properties["somethingNew"] == {"kept": True}
    assert sorted(rule["properties"]) == [
        "httpListener",
        "priority",
        "redirectConfiguration",
        "ruleType",
    ]
    assert settings["properties"]["port"] == 8080
    assert settings["properties"]["connectionDraining"]["drainTimeoutInSec"] == 20
    assert len(DOCUMENT["properties"]["backendAddressPools"]) == 1
