from bascule.gateway.driver import ClusterTraffic
from bascule.gateway.envoy.admin import sum_traffic
from bascule.ids import Cluster

PAGE = """cluster.blue/shop/web/http.membership_healthy: 2
cluster.blue/shop/web/http.upstream_rq_active: 1
cluster.blue/shop/web/http.upstream_rq_total: 40
cluster.blue/shop/pay/http.upstream_rq_total: 2
cluster.blue/shop/pay/http.upstream_rq_5xx: 3
cluster.xds.upstream_rq_total: 99
cluster.green/shop/web/http.upstream_rq_time: P0(1,1)
"""


def test_statistics_are_summed_by_cluster_over_its_backends() -> None:
    traffic = sum_traffic(PAGE)

    assert traffic[Cluster.BLUE] == ClusterTraffic(
        requests_total=42, requests_active=1, endpoints_healthy=2, failures_total=3
    )
    assert traffic[Cluster.GREEN] == ClusterTraffic(
        requests_total=0, requests_active=0, endpoints_healthy=0, failures_total=0
    )
