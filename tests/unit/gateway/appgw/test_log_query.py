from bascule.gateway.appgw.log_query import (
    BOUNDS_MS,
    LogMinutes,
    Span,
    build_query,
    read_minutes,
)
from bascule.gateway.appgw.log_settings import LogTable
from bascule.gateway.appgw.minutes import Minute
from bascule.gateway.envoy.statistics import LATENCY_BOUNDS_MS
from bascule.ids import Cluster
from tests.support.log_answers import row

SPAN = Span(from_s=1_767_225_600.0, to_s=1_767_225_720.0, grain_s=60.0)


def nobodys(_from_s: float, _to_s: float) -> Cluster | None:
    return None


def greens(_from_s: float, _to_s: float) -> Cluster | None:
    return Cluster.GREEN


def blue_of(found: LogMinutes, number: int) -> Minute:
    return found.minutes[number][Cluster.BLUE]


def test_the_question_is_one_pipe_that_ends_in_one_row_a_minute() -> None:
    known = {Cluster.BLUE: {"10.1.0.2", "10.1.0.1"}, Cluster.GREEN: set[str]()}

    text = build_query(LogTable.DEDICATED, SPAN, known, prefix="bsc-")

    source, at, client, project, extend, first, second = text.split("\n| ")
    assert source == "AGWAccessLogs"
    assert at == (
        "where TimeGenerated >= datetime(2026-01-01T00:00:00.000000Z) and "
        "TimeGenerated < datetime(2026-01-01T00:02:00.000000Z)"
    )
    assert client == 'where ClientIp != "127.0.0.1"'
    assert project.startswith("project minute = bin(TimeGenerated, 60s), client = ClientIp, ")
    assert extend == (
        'extend whose = case(server in ("10.1.0.1", "10.1.0.2"), "blue", '
        'pool == "bsc-pool-blue" or pool startswith "bsc-pool-blue_", "blue", '
        'pool == "bsc-pool-green" or pool startswith "bsc-pool-green_", "green", '
        'pool startswith "bsc-pool-" and server in ("", "-"), "nowhere", '
        'pool startswith "bsc-pool-", "untold", "")'
    )
    assert first.endswith("by minute, client")
    assert 'blue_within_4 = countif(whose == "blue" and took <= 0.0075)' in first
    assert second.endswith("both_clients = countif(blue > 0 and green > 0) by minute")


def test_the_shared_table_is_asked_the_same_by_its_own_names() -> None:
    text = build_query(LogTable.SHARED, SPAN, {}, prefix="bsc-")

    assert '| where Category == "ApplicationGatewayAccessLog"' in text
    assert "client = clientIP_s" in text
    assert "todouble(serverResponseLatency_s)" in text
    assert "status = httpStatus_d" in text


def test_latencies_have_the_bounds_of_the_other_gateway() -> None:
    assert BOUNDS_MS == LATENCY_BOUNDS_MS


def test_a_row_is_what_both_clusters_did_in_a_minute() -> None:
    blue = {"took_ms": [1, 8, 8, 7_200_000], "untimed": 1, "failures": 2, "clients": 3}

    found = read_minutes([row(120.0, others=9, both=1, blue=blue)], 60.0, nobodys)

    minute = blue_of(found, 2)
    assert found.requests == {2: 14}
    assert (minute.ended, minute.failures) == (5, 2)
    assert (minute.clients, minute.clients_of_both) == (3, 1)
    assert minute.latency is not None
    told = {b: n for b, n in zip(BOUNDS_MS, minute.latency.counts, strict=False) if n}
    assert told == {1: 1, 10: 2}
    assert minute.latency.counts[-1] == 1
    assert found.minutes[2][Cluster.GREEN].ended == 0


def test_a_minute_with_requests_to_somebody_who_is_not_known_is_untold() -> None:
    found = read_minutes([row(60.0, untold=1, blue={"took_ms": [1]})], 60.0, nobodys)

    assert found.requests == {1: 2}
    assert found.minutes == {}


def test_what_reached_no_server_failed_in_the_cluster_that_it_was_meant_for() -> None:
    rows = [row(60.0, nowhere=3, green={"took_ms": [5]})]

    told, untold = read_minutes(rows, 60.0, greens), read_minutes(rows, 60.0, nobodys)

    green = told.minutes[1][Cluster.GREEN]
    assert (green.ended, green.failures) == (4, 3)
    assert blue_of(told, 1).ended == 0
    assert untold.minutes == {}


def test_what_cannot_be_read_is_passed_over() -> None:
    broken = {**row(60.0, blue={"took_ms": [1]}), "blue": None, "blue_failures": True}

    found = read_minutes([{"minute": "soon"}, broken], 60.0, nobodys)

    assert (blue_of(found, 1).ended, blue_of(found, 1).failures) == (0, 0)
