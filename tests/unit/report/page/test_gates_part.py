from bascule.journal.record import Json
from bascule.report.page.gates_part import render_gates
from bascule.report.page.node import Node
from tests.support.made_up_upgrades import document_of


def gates(*gate: Json, checks: list[Json] | None = None) -> str:
    return render_gates(Node({"gates": list(gate), "checks": checks or []}))


def test_a_failed_gate_is_open_and_shows_its_numbers() -> None:
    told = render_gates(Node(document_of("rolled_back")))

    assert told.count(' open="open"') == 1
    assert "✗ failed" in told
    assert ".evidence.tests.0.e_value" in told
    assert "at least 99.9 % of green&#x27;s requests succeed" in told
    assert "p99 at most 50 ms above blue&#x27;s" in told


def test_no_gate_is_said_to_be_none() -> None:
    assert "No gate was judged." in gates()


def test_a_gate_without_numbers_shows_its_reasons() -> None:
    told = gates({"step": "s", "verdict": "odd", "judgements": [{"reasons": ["because"]}]}, {})

    assert "because" in told
    assert ">odd<" in told
    assert "<table" not in told


def test_a_gate_that_changed_its_mind_shows_when() -> None:
    at = "2026-11-23T08:58:12+00:00"
    words: list[Json] = [{"at": at, "verdict": v, "reasons": ["r"]} for v in ("hold", "pass")]

    told = gates({"step": "s", "verdict": "pass", "judgements": words})

    assert "hold: r" in told
    assert "23 Nov 08:58:12" in told


def test_what_was_asked_for_is_said_in_words() -> None:
    told = gates(
        {
            "asked": {
                "has_traffic": True,
                "requests_min": 1_000,
                "latency": [{"percentile": 95, "max_ms": 300}],
                "checks": [{"name": "errors"}],
            }
        }
    )

    assert "p95 at most 300 ms; after 1,000 requests or more; check errors" in told


def test_checks_are_told_with_how_often_they_passed() -> None:
    told = gates(checks=[{"name": "errors", "passed": 3, "failed": 1, "unknown": 0}])

    assert 'data-evidence="checks.0.passed">3<' in told
