"""Queries of the lab's Kusto, and what of the language it has not."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bascule.gateway.appgw.log_query import Span, build_query
from bascule.gateway.appgw.log_settings import LogTable
from bascule.ids import Cluster
from bascule.lab.arm.logs.entries import TABLES
from bascule.lab.arm.logs.kusto.queries import QUERY_MAX, parse_query
from bascule.lab.arm.logs.kusto.words import KustoError

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
ROWS: list[dict[str, Any]] = [
    {"at": datetime(2026, 1, 1, 11, 58, 59, tzinfo=UTC), "who": "ann", "took": 0.5, "to": "A:80"},
    {"at": datetime(2026, 1, 1, 11, 59, 1, tzinfo=UTC), "who": "ann", "took": None, "to": ""},
    {"at": datetime(2026, 1, 1, 11, 59, 59, tzinfo=UTC), "who": "bob", "took": 2.5, "to": "b:80"},
]


def run(text: str) -> list[list[Any]]:
    return parse_query(text, {"T": ("at", "who", "took", "to")}, NOW).run(ROWS)


def refused(text: str) -> KustoError:
    with pytest.raises(KustoError) as caught:
        run(text)
    return caught.value


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("took >= 0.5", 2),
        ("took != 2.5", 1),
        ("isnull(took)", 1),
        ("isnotnull(took) and not(took > 1)", 1),
        ('who == "ann" or took > 1', 3),
        ("who in ('bob', \"eve\")", 1),
        ('who !in ("bob")', 2),
        ('who =~ "ANN"', 2),
        ('to startswith "a"', 1),
        ('to endswith ":80" and to contains "B"', 1),
        ('isempty(to) or isnotempty(to) and who == "bob"', 2),
        ("at >= datetime(2026-01-01T11:59:00Z)", 2),
        ("at < datetime(2026-01-01 11:59)", 1),
        ("at > ago(30s)", 1),
        ("at > now() - 1m", 2),
        ("took * 2 + 1 == 6", 1),
        ("took / 2 > -1", 2),
        ("(took > 1) == true", 1),
        ("iff(took > 1, true, false)", 1),
        ('toupper(who) == "BOB" // who else\n', 1),
        ('todouble("0.5") == took', 1),
        ("todouble(who) > 0", 0),
        ("toint(took) == 2", 1),
        ('tostring(took) == ""', 1),
        ('at > todatetime("2026-01-01T11:59:30Z")', 1),
    ],
)
def test_conditions_choose_rows(condition: str, count: int) -> None:
    assert run(f"T | where {condition} | count") == [[count]]


def test_rows_are_summed_up_by_what_they_have_in_common() -> None:
    found = run(
        "T | summarize requests = count(), slow = countif(took > 1), sum(took), most = max(took), "
        "least = min(took), mean = avg(took), users = dcount(who) by minute = bin(at, 1m), who"
        " | order by minute asc, who desc"
    )

    first = datetime(2026, 1, 1, 11, 58, tzinfo=UTC)
    second = datetime(2026, 1, 1, 11, 59, tzinfo=UTC)
    assert found == [
        [first, "ann", 1, 0, 0.5, 0.5, 0.5, 0.5, 1],
        [second, "bob", 1, 1, 2.5, 2.5, 2.5, 2.5, 1],
        [second, "ann", 1, 0, 0, None, None, None, 1],
    ]
    assert run("T | where who == 'eve' | summarize count()") == [[0]]
    assert run("T | where who == 'eve' | summarize count() by who") == []


def test_columns_are_chosen_made_and_cut() -> None:
    text = 'T | project who, server = extract(@"([^, ]+?)(:[0-9]+)?$", 1, to), took'
    whose = 'T | extend is_ann = who == "ann", who = tolower("X") | take 1'

    assert [row[:2] for row in run(text)] == [["ann", "A"], ["ann", ""], ["bob", "b"]]
    assert run(whose)[0][1:] == ["x", 0.5, "A:80", True]
    assert run('T | project kind = case(took > 1, "slow", took > 0, "fast", "?")') == [
        ["fast"],
        ["?"],
        ["slow"],
    ]
    assert run("T | project five = bin(took * 10, 5) | sort by five | limit 2") == [[25.0], [5.0]]
    assert run("T | summarize n = count() by bin(at, 1m) | project at, n | take 1")[0][1] == 1


@pytest.mark.parametrize(
    ("text", "message", "code"),
    [
        ("U | count", "named 'U'", "SemanticError"),
        ("T | where nobody == 1", "scalar expression named 'nobody'", "SemanticError"),
        ("T | project who | where took > 1", "named 'took'", "SemanticError"),
        ("T | join U on who", "no operator join", "SyntaxError"),
        ("T | where strlen(who) > 1", "no function strlen", "SemanticError"),
        ("T | summarize percentile(took, 5)", "no aggregate percentile", "SemanticError"),
        ("T | summarize sum()", "wants an expression", "SyntaxError"),
        ("T | summarize count() by bin(at, 1m) | project bin", "named 'bin'", "SemanticError"),
        ("T | project 1 + 1", "wants a name", "SyntaxError"),
        ("T | where case(took > 1, 2)", "case", "SyntaxError"),
        ("T | where took >", "ends too early", "SyntaxError"),
        ("T | where (took > 1", "')' is expected, and there is the end", "SyntaxError"),
        ("T | where who == 'a' who", "'|' is expected, and there is 'who'", "SyntaxError"),
        ("T | where , > 1", "does not understand ','", "SyntaxError"),
        ("T | where who == `a`", "does not understand '`a`'", "SyntaxError"),
        ("T | where at > datetime(soon)", "'soon' is no time", "SyntaxError"),
        ("T | 5", "a name is expected", "SyntaxError"),
        ("T" + " " * QUERY_MAX, "longer than", "SyntaxError"),
    ],
)
def test_what_is_not_in_the_language_is_named(text: str, message: str, code: str) -> None:
    error = refused(text)

    assert message in error.message
    assert error.code == code


@pytest.mark.parametrize("table", list(LogTable))
def test_the_question_that_gateways_are_asked_about_is_understood(table: LogTable) -> None:
    known = {Cluster.BLUE: {"10.1.0.1"}, Cluster.GREEN: {"10.2.0.1"}}
    span = Span(from_s=0.0, to_s=60.0, grain_s=2.5)

    query = parse_query(build_query(table, span, known, prefix="bsc-"), TABLES, NOW)

    assert query.table == table.value
    assert query.columns[0] == "minute"
    assert {"blue", "green_within_0", "both_clients", "untold"} <= {*query.columns}
    assert query.run([]) == []
