from datetime import UTC, datetime

import pytest

from bascule.lab.arm.monitor.query import parse_query
from bascule.lab.arm.requests import ArmRefusal

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_without_more_the_last_hour_is_asked_for_and_nothing_is_split() -> None:
    query = parse_query({"metricnames": "totalrequests"}, NOW)

    assert [metric.name for metric in query.metrics] == ["TotalRequests"]
    assert query.to_s - query.from_s == 3600
    assert query.aggregations == ("total",)
    assert query.wanted == {}
    assert query.top == 10


def test_a_filter_names_dimensions_and_their_values() -> None:
    query = parse_query(
        {
            "MetricNames": "BackendResponseStatus",
            "$filter": "BackendPool eq 'a' or BackendPool eq 'b' and HttpStatusGroup eq '*'",
            "aggregation": "Total, Average",
            "timespan": "2026-01-01T10:00:00Z/2026-01-01T11:00:00",
            "top": "500",
        },
        NOW,
    )

    assert query.wanted == {"backendpool": {"a", "b"}, "httpstatusgroup": {"*"}}
    assert query.aggregations == ("total", "average")
    assert (query.to_s - query.from_s, query.top) == (3600, 500)


def test_gauges_are_averaged_where_nothing_is_said() -> None:
    assert parse_query({"metricnames": "HealthyHostCount"}, NOW).aggregations == ("average",)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "metricnames"),
        ({"metricnames": "Requests"}, "Valid metrics: TotalRequests,"),
        ({"metricnames": "TotalRequests", "interval": "PT5M"}, "Commonly allowed time grains"),
        (
            {"metricnames": "TotalRequests,ResponseStatus", "$filter": "HttpStatusGroup eq '*'"},
            "Metric: TotalRequests does not support requested dimension combination",
        ),
        ({"metricnames": "TotalRequests", "$filter": "BackendSettingsPool > 1"}, "not understood"),
        ({"metricnames": "TotalRequests", "timespan": "yesterday"}, "no START/END"),
        (
            {
                "metricnames": "TotalRequests",
                "timespan": "2026-01-01T10:00:00Z/2026-01-01T10:00:00Z",
            },
            "ends before it begins",
        ),
        ({"metricnames": "TotalRequests", "aggregation": "Median"}, "median is not one of"),
        ({"metricnames": "TotalRequests", "top": "many"}, "no number"),
    ],
)
def test_what_azure_refuses_is_refused(fields: dict[str, str], said: str) -> None:
    with pytest.raises(ArmRefusal) as caught:
        parse_query(fields, NOW)

    assert caught.value.status == 400
    assert said in caught.value.message
