from bascule.ids import Cluster
from bascule.manifest.objects import ALWAYS_READ, Kind
from bascule.routing.options import BuildOptions


def test_the_defaults_are_those_of_a_gateway_file() -> None:
    options = BuildOptions()

    assert [(x.address, x.port, x.is_tls) for x in options.listeners] == [
        ("127.0.0.1", 8080, False),
        ("127.0.0.1", 8443, True),
    ]
    assert options.ingress_classes == ("bascule",)
    assert options.controller == "bascule.dev/ingress"
    assert options.active is Cluster.BLUE


def test_pods_and_rewrite_rules_are_read_only_when_asked_for() -> None:
    assert BuildOptions().kinds == ALWAYS_READ
    assert BuildOptions(reads_probes=True).kinds == (*ALWAYS_READ, Kind.POD)
    assert BuildOptions(reads_probes=True, reads_rewrites=True).kinds == tuple(Kind)
