import json
from random import Random

import pytest

from bascule.lab.pods.answers import HANG_S, HANG_STATUS, Answerer, Identity
from bascule.lab.pods.behaviour import LATENCY_MAX_MS, Behaviour
from bascule.lab.pods.ledger import Ledger

IDENTITY = Identity(cluster="blue", version="1.33", namespace="shop", name="web-1")


def answerer(behaviour: Behaviour | None = None, ledger: Ledger | None = None) -> Answerer:
    return Answerer(
        IDENTITY,
        behaviour or Behaviour(),
        rng=Random(1),  # noqa: S311 - which answers fail, not a secret
        record_effect=(ledger or Ledger()).record,
    )


def test_the_body_is_a_document_whatever_the_client_sends() -> None:
    answer = answerer().answer("GET", '/a"b?x=1', "shöp")

    assert json.loads(answer.body) == {
        "cluster": "blue",
        "version": "1.33",
        "pod": "shop/web-1",
        "method": "GET",
        "path": '/a"b',
        "host": "shöp",
    }


def test_every_answer_can_carry_the_identity_and_a_text_of_the_author() -> None:
    subject = answerer(Behaviour(body="hi"))

    assert json.loads(subject.answer("GET", "/", "").body)["body"] == "hi"
    assert dict(subject.identity.headers())["x-lab-pod"] == "shop/web-1"


@pytest.mark.parametrize(
    ("target", "status", "delay_s"),
    [
        pytest.param("/", 200, 0, id="any path"),
        pytest.param("/slow?ms=1500", 200, 1.5, id="slow"),
        pytest.param("/slow?ms=x", 200, 0, id="slow without a number"),
        pytest.param("/slow?ms=1e12", 200, LATENCY_MAX_MS / 1000, id="slow has a limit"),
        pytest.param("/status/404", 404, 0, id="status"),
        pytest.param("/status/100", 400, 0, id="no final status"),
        pytest.param("/healthz", 200, 0, id="health"),
    ],
)
def test_some_paths_ask_for_a_certain_answer(target: str, status: int, delay_s: float) -> None:
    answer = answerer().answer("GET", target, "")

    assert (answer.status, answer.delay_s) == (status, delay_s)


def test_an_unwell_pod_says_so_and_latency_is_added() -> None:
    subject = answerer(Behaviour(is_healthy=False, latency_ms=100))

    assert subject.answer("GET", "/healthz", "").status == 503
    assert subject.answer("GET", "/slow?ms=100", "").delay_s == pytest.approx(0.2)


def test_errors_come_at_their_rate_and_have_no_effect() -> None:
    ledger = Ledger()
    subject = answerer(Behaviour(error_rate=0.3, error_status=502), ledger)

    statuses = [subject.answer("POST", "/", "", f"k{n}").status for n in range(1_000)]

    assert 200 < statuses.count(502) < 400
    assert len(ledger.effects()) == statuses.count(200)


def test_some_requests_hang_at_their_rate_and_have_no_effect() -> None:
    ledger = Ledger()
    subject = answerer(Behaviour(hang_rate=0.3, latency_ms=10), ledger)

    answers = [subject.answer("POST", "/", "", f"k{n}") for n in range(1_000)]
    hung = [answer for answer in answers if answer.delay_s == HANG_S]

    assert 200 < len(hung) < 400
    assert {answer.status for answer in hung} == {HANG_STATUS}
    assert len(ledger.effects()) == len(answers) - len(hung)


def test_a_wrong_answer_is_about_another_path_and_looks_fine_otherwise() -> None:
    subject = answerer(Behaviour(wrong_path="/cart"))

    wrong, right = (subject.answer("GET", path, "shop") for path in ("/cart?n=1", "/"))

    assert (wrong.status, json.loads(wrong.body)["path"]) == (200, "/wrong")
    assert json.loads(right.body)["path"] == "/"


def test_only_a_post_with_a_key_has_an_effect() -> None:
    ledger = Ledger()
    subject = answerer(ledger=ledger)

    subject.answer("POST", "/", "", "k")
    subject.answer("GET", "/", "", "k")
    subject.answer("POST", "/", "")
    subject.answer("POST", "/", "", "k")

    assert ledger.effects() == {"k": 2}
