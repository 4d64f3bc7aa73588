from dataclasses import replace

from bascule.gateway.driver import ClusterTraffic, Histogram
from bascule.gateway.envoy.previews import Counted, Ledger, name_count, read_previews

BOUNDS = (1, 2)


def test_previews_count_under_the_tag_of_their_cluster() -> None:
    assert name_count("green-2/shop/web/http") == "preview-green-2"


def test_previews_are_read_by_the_tag_of_their_cluster() -> None:
    page = (
        "cluster.blue/shop/web/http.upstream_rq_total: 9\n"
        "vhost.host.route.preview-blue.upstream_rq_total: 5\n"
        "vhost.host.route.preview-green-1.upstream_rq_total: 6\n"
        "vhost.host.route.preview-green-1.upstream_rq_completed: 4\n"
    )

    assert read_previews(page) == {
        "blue": {"upstream_rq_total": 5},
        "green-1": {"upstream_rq_total": 6, "upstream_rq_completed": 4},
    }


def test_every_figure_of_users_is_without_previews() -> None:
    users = Ledger().take(
        Counted(
            everything=_everything(total=10, failures=4, abandoned=3, latency=(5, 2, 1)),
            previews={
                "upstream_rq_total": 6,
                "upstream_rq_completed": 5,
                "upstream_rq_5xx": 3,
            },
            preview_latency=Histogram(bounds_ms=BOUNDS, counts=(4, 0, 1)),
        )
    )

    assert users == ClusterTraffic(
        requests_total=4,
        requests_active=7,
        endpoints_healthy=1,
        failures_total=1,
        completed_total=5,
        abandoned_total=2,
        latency=Histogram(bounds_ms=BOUNDS, counts=(1, 2, 0)),
        previews_total=6,
    )


def test_of_an_envoy_that_does_not_count_previews_nothing_is_said() -> None:
    old = replace(_everything(total=8, failures=3), completed_total=None, abandoned_total=None)

    users = Ledger().take(Counted(everything=old))

    assert users == old
    assert users.previews_total is None


def test_a_preview_that_is_seen_before_its_cluster_counts_it_makes_nothing_fall() -> None:
    assert _users((100, 40), (100, 43), (104, 43)) == [60, 60, 61]


def test_previews_are_taken_out_when_envoy_has_forgotten_them() -> None:
    assert _users((100, 40), (101, 0), (105, 2)) == [60, 61, 63]


def test_previews_of_backends_that_are_gone_hide_users_between_the_first_looks_at_most() -> None:
    assert _users((10, 90), (12, 91), (20, 91), (29, 92)) == [0, 0, 7, 15]


def test_a_preview_that_is_under_way_at_the_first_look_is_no_users() -> None:
    assert _users((10, 11), (12, 12), (13, 13)) == [0, 0, 0]


def test_counting_that_begins_anew_falls_and_goes_on_without_previews() -> None:
    assert _users((100, 60), (5, 0), (9, 1), (12, 1)) == [40, 0, 3, 6]
    assert _users((100, 60), (90, 60), (95, 61)) == [40, 30, 34]


def test_any_figure_that_falls_says_that_counting_began_anew() -> None:
    ledger = Ledger()

    failures = [
        ledger.take(Counted(everything=_everything(total=9, failures=f))).failures_total
        for f in (3, 0, 1)
    ]

    assert failures == [3, 0, 1]


def test_abandoned_requests_do_not_fall_until_counting_begins_anew() -> None:
    ledger = Ledger()

    abandoned = [
        ledger.take(Counted(everything=_everything(total=total, abandoned=n))).abandoned_total
        for total, n in ((10, 3), (12, 1), (20, 5), (2, 0))
    ]

    assert abandoned == [3, 3, 5, 0]


def test_previews_that_still_wait_hide_no_users_request_for_good() -> None:
    ledger = Ledger()
    looks = ((2, 2), (2, 0))  # a user gave up, and two previews wait; then they are answered

    abandoned = [
        ledger.take(
            Counted(
                everything=_everything(total=3, abandoned=1),
                previews={"upstream_rq_total": 2, "upstream_rq_completed": total - waiting},
            )
        ).abandoned_total
        for total, waiting in looks
    ]

    assert abandoned == [0, 1]


def _users(*looks: tuple[int, int]) -> list[int]:
    """Return the requests of users after each look at all requests and at previews."""
    ledger = Ledger()
    seen = []
    for total, previews in looks:
        told = {"upstream_rq_total": previews, "upstream_rq_completed": previews}
        users = ledger.take(Counted(everything=_everything(total=total), previews=told))
        assert users.completed_total == users.requests_total
        seen.append(users.requests_total)
    return seen


def _everything(
    *, total: int, failures: int = 0, abandoned: int = 0, latency: tuple[int, ...] | None = None
) -> ClusterTraffic:
    return ClusterTraffic(
        requests_total=total,
        requests_active=7,
        endpoints_healthy=1,
        failures_total=failures,
        completed_total=total,
        abandoned_total=abandoned,
        latency=None if latency is None else Histogram(bounds_ms=BOUNDS, counts=latency),
    )
