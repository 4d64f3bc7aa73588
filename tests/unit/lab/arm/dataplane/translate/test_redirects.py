"""Redirects: where they lead, from which frontend port."""

import pytest

from bascule.lab.arm.dataplane.translate.gateway import Gateway, child_of
from bascule.lab.arm.dataplane.translate.redirects import build_redirect
from tests.support.arm_gateways import gateway, listener, part, ref


@pytest.mark.parametrize(
    ("hosts", "to_port", "from_port", "said"),
    [
        ((), 443, 80, {}),
        ((), 443, 8080, {"port_redirect": 443}),
        ((), 8443, 80, {"port_redirect": 8443}),
        (("shop.example.com",), 443, 8080, {"host_redirect": "shop.example.com"}),
        (("*.example.com",), 443, 80, {}),
        (("a.com", "b.com"), 443, 80, {}),
    ],
)
def test_a_redirect_to_a_listener_names_host_and_port_only_where_they_change(
    hosts: tuple[str, ...], to_port: int, from_port: int, said: dict[str, object]
) -> None:
    target = listener("secure", *hosts, port=to_port, protocol="Https")
    document = gateway(ports=(to_port,), httpListeners=[target])
    redirect = part(
        "r",
        targetListener=ref("httpListeners", "secure"),
        includePath=True,
        includeQueryString=True,
    )

    action = build_redirect(Gateway(document), child_of(redirect), from_port=from_port)

    always = {"scheme_redirect": "https", "response_code": "MOVED_PERMANENTLY"}
    assert action == {**always, "strip_query": False, **said}


def test_without_its_path_a_redirect_leads_to_the_root_and_drops_the_query() -> None:
    redirect = part("r", redirectType="Found", targetUrl="https://new.example.com")

    action = build_redirect(Gateway(gateway()), child_of(redirect), from_port=80)

    assert action == {
        "scheme_redirect": "https",
        "host_redirect": "new.example.com",
        "path_redirect": "/",
        "response_code": "FOUND",
        "strip_query": True,
    }
