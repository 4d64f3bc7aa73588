from bascule.ids import Cluster
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
