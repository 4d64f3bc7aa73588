"""What `make azure-real` makes of probes, records and sizes; which questions are put; documents."""

import copy
from typing import Any

import msgspec
import pytest

from bascule.app.clock import SystemClock
from bascule.azure.resource_id import ResourceId
from bascule.errors import UsageError
from bascule.gateway.appgw.minutes import Minutes
from bascule.gateway.appgw.part import COLLECTIONS, Facts
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.translate.translation import Translator
from scripts.azure_real import documents
from scripts.azure_real.judging_contract import judge_contract, judge_wide
from scripts.azure_real.judging_evidence import (
    Try,
    is_settled,
    judge_activity_log,
    judge_first_answer,
    judge_first_answers,
    judge_health,
    judge_minute,
    judge_refusals,
    judge_size,
    judge_unused_pool,
)
from scripts.azure_real.lateness import next_minute
from scripts.azure_real.questions import QUESTIONS, choose
from scripts.azure_real.traffic import Answer
from scripts.azure_real.wide import HOSTS, build_wide

GATEWAY = ResourceId(
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw"
)
FRONT = {"frontendIPConfiguration": {"id": "f"}, "frontendPort": {"id": "p"}, "protocol": "Http"}
DOCUMENT: dict[str, Any] = {
    "id": str(GATEWAY),
    "properties": {
        "backendHttpSettingsCollection": [{"name": "plain", "properties": {"port": 80}}],
        "httpListeners": [{"name": "first", "properties": {**FRONT, "more": 1}}],
        "requestRoutingRules": [
            {"name": "r", "properties": {"priority": 7, "httpListener": {}, "ruleType": "Basic"}}
        ],
        "somethingNew": {"kept": True},
    },
}
MIB = 1 << 20


def answer(sent_s: float, what: str) -> Answer:
    return Answer(sent_s=sent_s, took_s=0.5, what=what)


def first(*answers: Answer) -> dict[str, Any]:
    return judge_first_answer(answers, "old", sent_s=10.0, ended_s=13.0)


GOOD = first(answer(9, "old"), answer(12, "200"))
BAD = first(answer(11, "502"), answer(12, "200"))


def test_a_size_lies_between_the_largest_that_is_taken_and_the_first_that_is_not() -> None:
    one = Try(size_bytes=MIB, is_taken=True, status=412)
    two = Try(size_bytes=2 * MIB, is_taken=True)
    four = Try(size_bytes=4 * MIB, is_taken=False, status=413, code="RequestContentTooLarge")

    assert judge_size([one, two])["answer"] == "takes 2.0 MiB"
    fact = judge_size([one, two, four])
    assert fact["answer"] == "takes 2.0 MiB, refuses 4.0 MiB"
    assert fact["refused"] == [{"bytes": 4 * MIB, "status": 413, "code": "RequestContentTooLarge"}]
    assert judge_size([four])["answer"] == "unknown"


def test_a_pool_is_not_probed_only_where_probes_of_another_one_were_seen() -> None:
    said = [judge_unused_pool(*seen)["answer"] for seen in ((6, 0), (6, 3), (0, 0))]

    assert said == ["not probed", "probed", "unknown"]


def test_failures_after_a_rule_was_led_elsewhere_are_told_with_their_times() -> None:
    fact = first(
        answer(9, "old"), answer(11, "502"), answer(11.5, "502"), answer(12, "200"), answer(12, "x")
    )

    assert (fact["answer"], fact["first_good_s"]) == ("some failed", 2.0)
    assert (fact["failed"], fact["failed_from_to_s"]) == ({"502": 2, "x": 1}, [1.0, 2.0])
    assert GOOD["answer"] == "none failed"
    assert GOOD["failed_from_to_s"] == []


def test_answers_have_settled_when_all_newer_ones_are_good() -> None:
    answers = (answer(9, "502"), answer(10, "200"), answer(11, "200"))

    assert is_settled(answers, since_s=10)
    assert not is_settled(answers, since_s=9)
    assert not is_settled(answers, since_s=12)


def test_the_next_minute_goes_by_those_that_are_told_of() -> None:
    short = Minutes(grain_s=2.0, starts=(99.0, 101.0))

    assert [next_minute(at, short) for at in (101.0, 102.9, 107.5)] == [103.0, 103.0, 109.0]
    assert next_minute(119.0, Minutes()) == 120.0


@pytest.mark.parametrize(
    ("cold", "warm", "said"),
    [
        (GOOD, GOOD, "at once, cold and warm"),
        (BAD, GOOD, "at once only where a listener led there before"),
        (BAD, BAD, "after failures, cold and warm"),
        (GOOD, BAD, "after failures only where a listener led there before"),
        (first(answer(11, "502")), GOOD, "unknown"),
    ],
)
def test_cold_and_warm_pools_are_put_beside_each_other(
    cold: dict[str, Any], warm: dict[str, Any], said: str
) -> None:
    fact = judge_first_answers(cold, warm)

    assert (fact["answer"], fact["cold"], fact["warm"]) == (said, cold, warm)
    assert ("why" in fact) == (said == "unknown")


def test_a_way_that_knows_nothing_of_a_pool_does_not_tell_of_it() -> None:
    servers = {"listed": ["Unknown"], "asked": ["Healthy"]}
    fact = judge_health({"listed": [12.0, 10.0, 30.0], "asked": [1.0]}, servers, "cold")
    nothing = judge_health({"listed": [1.0]}, {"listed": []}, "cold")

    assert fact["answer"] == "of a pool without a rule: asked"
    assert fact["ways"]["listed"]["median_s"] == 12.0
    assert nothing["answer"] == "of a pool without a rule: none tells"


def test_how_late_the_activity_log_is_counts_from_the_write_and_from_its_end() -> None:
    seen = {"accepted": 30.0, "succeeded": 95.0}
    whole = judge_activity_log(seen, ended_s=60.0, limit_s=900, has_ended=True)
    begun = judge_activity_log({"started": 3.0}, ended_s=60.0, limit_s=900, has_ended=False)
    none = judge_activity_log({}, ended_s=60.0, limit_s=900, has_ended=False)

    assert (whole["answer"], whole["end_late_s"]) == ("beginning and end", 35.0)
    assert (begun["answer"], begun["end_late_s"]) == ("only its beginning", None)
    assert none["answer"] == "nothing within 900 s"


def test_a_minute_is_whole_when_nothing_was_added_any_more() -> None:
    def judge(*counts: tuple[float, int]) -> dict[str, Any]:
        return judge_minute(counts, sent=20, grain_s=60.0, limit_s=900)

    early = judge((90.0, 11), (150.0, 20))
    late = judge((90.0, 11), (181.0, 20))

    assert (early["answer"], early["first_after_s"], early["whole_after_s"]) == (
        "in time",
        90.0,
        150.0,
    )
    assert (early["sent"], early["counted"]) == (20, 20)
    assert late["answer"] == "later than three minutes"
    assert judge()["answer"] == "nothing within 900 s"


def test_a_question_is_not_understood_only_if_it_never_was() -> None:
    told = judge_minute([(1.0, 20)], sent=20, grain_s=60.0, limit_s=900)
    untold = judge_minute([], sent=20, grain_s=60.0, limit_s=900)

    assert judge_refusals(told, ["no table"])["answer"] == "in time"
    assert judge_refusals(untold, [])["answer"] == "nothing within 900 s"
    never = judge_refusals(untold, ["no table", "still none"])
    assert (never["answer"], never["why"]) == ("not understood", "still none")


def test_a_contract_holds_only_if_all_cases_do_and_says_what_is_left() -> None:
    held, broken = {"answer": "held", "puts": 2}, {"answer": "broken", "why": "b", "puts": 1}
    unknown, skipped = {"answer": "unknown", "why": "u"}, {"answer": "not asked", "why": "s"}

    good = judge_contract({"a": held, "c": skipped}, [])
    bad = judge_contract({"a": held, "b": broken, "d": unknown, "c": skipped}, ["+ pools/bsc-x"])
    open_ = judge_contract({"a": held, "d": unknown}, [])

    assert (good["answer"], good["is_gateway_as_before"]) == ("held in 1 cases", True)
    assert (bad["answer"], bad["puts"]) == ("broken in 1 of 3 cases", 3)
    assert (bad["is_gateway_as_before"], bad["left"]) == (False, ["+ pools/bsc-x"])
    assert (open_["answer"], open_["why"]) == ("unknown", "d: u")
    assert judge_contract({"c": skipped}, [])["answer"] == "unknown"


def test_a_wide_document_is_good_only_if_a_restart_sends_nothing() -> None:
    def judge(refused: str = "", *, unlike: tuple[str, ...] = (), puts: int = 0) -> dict[str, Any]:
        return judge_wide(refused, problems=["b", "b"], unlike=unlike, puts_again=puts, left=[])

    answers = [judge(), judge(unlike=("~ x",)), judge(puts=1), judge("no such thing")]

    assert [each["answer"] for each in answers] == [
        "taken, and a restart writes nothing",
        "taken, and a restart would write it again",
        "taken, and a restart would write it again",
        "refused",
    ]
    assert answers[3]["why"] == "no such thing"
    assert answers[0]["problems"] == ["b"]


def test_the_wide_document_holds_every_kind_of_child_that_is_written() -> None:
    table, certificates = build_wide(80, SystemClock())
    settings = AppGwSettings(gateway_id=str(GATEWAY), owner="o", hosts=HOSTS)
    part = Translator(settings).translate(table, Facts(public_frontend="public"))

    assert table.routes.problems == part.problems == ()
    assert {kind for kind, children in part.children.items() if children} == set(COLLECTIONS)
    assert len(certificates.by_digest) == 1


def test_questions_are_put_in_their_order_with_those_that_they_need() -> None:
    assert choose(()) == QUESTIONS
    assert [each.key for each in choose(("metrics", "if_match"))] == [
        "if_match",
        "two_overlay_clusters",
        "unused_pool",
        "first_answer",
        "metrics",
    ]
    with pytest.raises(UsageError, match="nonsense"):
        choose(("nonsense",))


def test_questions_come_after_those_that_they_need_and_without_clusters_first() -> None:
    keys = [each.key for each in QUESTIONS]

    assert all(keys.index(each.needs) < keys.index(each.key) for each in QUESTIONS if each.needs)
    assert sorted(QUESTIONS, key=lambda each: each.needs_clusters) == list(QUESTIONS)


def test_a_padded_document_says_the_same_in_so_many_bytes() -> None:
    body = msgspec.json.encode(documents.padded(DOCUMENT, MIB))

    assert len(body) == MIB
    assert msgspec.json.decode(body) == DOCUMENT
    assert msgspec.json.encode(documents.padded(DOCUMENT, 1)) == msgspec.json.encode(DOCUMENT)


def test_a_cold_pool_is_led_to_by_no_rule_until_it_is_asked_for() -> None:
    before = copy.deepcopy(DOCUMENT)
    cold = documents.with_cold_pool(DOCUMENT, GATEWAY, ["10.0.0.4"], 8080)
    warm = documents.with_listener_to_cold_pool(cold, GATEWAY)
    led = documents.with_rule_to_cold_pool(warm, GATEWAY)

    assert before == DOCUMENT
    assert (
        cold["properties"]["requestRoutingRules"] == DOCUMENT["properties"]["requestRoutingRules"]
    )
    assert cold["properties"]["somethingNew"] == {"kept": True}
    paths = [each["properties"]["path"] for each in cold["properties"]["probes"]]
    assert paths == ["/echo?msg=bascule-used", "/echo?msg=bascule-unused"]
    assert warm["properties"]["httpListeners"][1]["properties"] == {
        **FRONT,
        "hostName": documents.NOBODY,
    }
    maps = [
        each["properties"].get("urlPathMap", {}).get("id", "").rpartition("/")[2]
        for document in (warm, led)
        for each in document["properties"]["requestRoutingRules"]
    ]
    assert maps == ["", "cold", "cold", "cold"]


def test_a_dangling_rule_names_a_listener_that_is_not_there() -> None:
    changed = documents.with_dangling_rule(DOCUMENT)

    rule = changed["properties"]["requestRoutingRules"][-1]["properties"]
    assert rule["httpListener"] == {"id": f"{GATEWAY}/httpListeners/nowhere"}
