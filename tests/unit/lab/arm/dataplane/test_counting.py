from bascule.lab.arm.dataplane.counting import read_figures


def test_pools_are_counted_by_the_settings_that_reach_them_and_frontends_together() -> None:
    found = read_figures(
        {
            "cluster.blue~web.upstream_rq_2xx": 7,
            "cluster.blue~web.external.upstream_rq_2xx": 7,
            "cluster.blue~web.upstream_rq_5xx": 3,
            "cluster.blue~web.upstream_rq_pending_failure_eject": 2,
            "cluster.blue~web.membership_healthy": 1,
            "cluster.blue~web.membership_total": 3,
            "http.http_80.downstream_rq_2xx": 7,
            "http.https_shop.downstream_rq_2xx": 1,
            "http.http_80.downstream_cx_active": 4,
            "http.https_shop.downstream_cx_active": 1,
            "http.http_80.downstream_cx_tx_bytes_total": 900,
            "http.admin.downstream_cx_active": 50,
            "odd": 1,
        }
    )

    blue = found.backends["blue", "web"]
    assert blue.answers["2xx"] == 7
    assert (blue.answers["5xx"], blue.failed) == (1, 3)
    assert (blue.healthy, blue.unhealthy) == (1, 2)
    assert found.statuses["2xx"] == 8
    assert (found.connections, found.sent_bytes) == (5, 900)


def test_an_answer_that_breaks_off_takes_none_away_that_a_backend_gave() -> None:
    found = read_figures({"cluster.b~w.upstream_rq_5xx": 1, "cluster.b~w.upstream_rq_rx_reset": 9})

    assert found.backends["b", "w"].answers["5xx"] == 0
    assert found.backends["b", "w"].failed == 1
