from bascule.gateway.appgw.minutes import GRAIN_S, Minute, Minutes, read_minutes, with_health
from bascule.gateway.appgw.reach import cluster_of_pool
from bascule.ids import Cluster
from tests.support.monitor_answers import Document, metric, series

STARTS = (600.0, 660.0, 720.0)
BLUE, GREEN = "bsc-pool-blue_shop_80", "bsc-pool-green_shop_80"


def of_blue(name: str) -> Cluster | None:
    return cluster_of_pool(name, "bsc-")


def by_pool(name: str, pool: str, kind: str = "total", **points: float) -> Document:
    values = {float(start[1:]): value for start, value in points.items()}
    labels = {"backendsettingspool": f"{pool}~bsc-settings-blue_shop"}
    return metric(name, series(labels, values, STARTS, kind=kind))


def by_status(pool: str, group: str, **points: float) -> Document:
    values = {float(start[1:]): value for start, value in points.items()}
    labels = {"BackendPool": pool, "HttpStatusGroup": group}
    return metric("BackendResponseStatus", series(labels, values, STARTS))


def test_requests_are_what_backends_answered_and_what_failed_beside_that() -> None:
    minutes = read_minutes(
        [
            by_status(BLUE, "2xx", s600=90),
            by_status(BLUE, "5XX", s600=4),
            by_pool("TotalRequests", BLUE, s600=90),
            by_pool("FailedRequests", BLUE, s600=10),
        ],
        of_blue,
    )

    assert minutes is not None
    blue = minutes.by_start[600.0][Cluster.BLUE]
    assert (blue.ended, blue.failures) == (100, 10)


def test_a_total_that_holds_failed_requests_is_right_too() -> None:
    minute = Minute(counted=100, failed=10, answered=94, errors=4)

    assert (minute.ended, minute.failures) == (100, 10)


def test_a_minute_is_there_once_anything_is_told_of_it() -> None:
    minutes = read_minutes(
        [by_pool("HealthyHostCount", "theirs", "average", s660=2), by_status(GREEN, "2xx", s600=1)],
        of_blue,
    )

    assert minutes is not None
    assert minutes.starts == STARTS
    assert set(minutes.by_start) == {600.0, 660.0}
    assert minutes.by_start[660.0] == {}


def test_hosts_are_summed_over_pools_and_not_known_where_nothing_is_told() -> None:
    minutes = read_minutes(
        [
            by_pool("HealthyHostCount", BLUE, "average", s600=2),
            by_pool("HealthyHostCount", "bsc-pool-blue_api_80", "average", s600=1),
            by_pool("TotalRequests", GREEN, s600=1),
        ],
        of_blue,
    )

    assert minutes is not None
    first = minutes.by_start[600.0]
    assert (first[Cluster.BLUE].healthy, first[Cluster.GREEN].healthy) == (3, None)


def test_a_metric_that_could_not_be_read_leaves_nothing_known() -> None:
    assert read_minutes([metric("TotalRequests", error="InvalidSamplingType")], of_blue) is None


def test_the_length_of_a_minute_is_that_between_the_times_of_the_answer() -> None:
    fast = series({}, {600.0: 1.0}, (600.0, 602.0, 604.0))
    odd: Document = {"metadatavalues": [], "data": [{"timeStamp": "noon", "total": True}]}

    found = read_minutes([metric("TotalRequests", fast, odd)], of_blue)
    nothing = read_minutes([], of_blue)

    assert found is not None
    assert nothing is not None
    assert (found.grain_s, nothing.grain_s) == (2.0, GRAIN_S)
    assert found.by_start == {600.0: {}}


def test_what_has_no_group_of_statuses_is_not_counted_as_an_answer() -> None:
    labels = {"BackendPool": BLUE}
    answer = metric("BackendResponseStatus", series(labels, {600.0: 5.0}, STARTS))

    found = read_minutes([answer], of_blue)

    assert found is not None
    assert found.by_start[600.0][Cluster.BLUE].ended == 0


def test_metrics_say_how_many_are_healthy_of_minutes_that_others_counted() -> None:
    counted = {60.0: {Cluster.BLUE: Minute(answered=3)}, 120.0: {Cluster.BLUE: Minute(answered=4)}}
    minutes = Minutes(starts=(60.0, 120.0), by_start=counted)
    metrics = Minutes(starts=(60.0001,), by_start={60.0001: {Cluster.BLUE: Minute(healthy=2.0)}})

    found = with_health(minutes, metrics)

    assert found.by_start[60.0][Cluster.BLUE] == Minute(answered=3, healthy=2.0)
    assert found.by_start[120.0] == counted[120.0]
    assert with_health(minutes, None) is minutes
