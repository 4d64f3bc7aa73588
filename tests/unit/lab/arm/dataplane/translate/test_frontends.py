"""Frontends with TLS: which client is shown which certificate."""

from typing import Any

from bascule.lab.arm.dataplane.translate.translation import translate
from tests.support.arm_backends import pfx
from tests.support.arm_gateways import FRONTEND_ADDRESSES, gateway, listener, part, ref, rule
from tests.support.pki import Authority


def _listener(*sites: tuple[str, ...], has_http2: bool = False) -> dict[str, Any]:
    """Return Envoy's listener for sites that have all the same certificate."""
    data = pfx(Authority().issue("any"), "x")
    document = gateway(
        {"blue": []},
        enableHttp2=has_http2,
        sslCertificates=[part("cert", data=data, password="x")],
        httpListeners=[
            listener(
                f"l{n}", *names, protocol="Https", sslCertificate=ref("sslCertificates", "cert")
            )
            for n, names in enumerate(sites)
        ],
        requestRoutingRules=[rule(f"r{n}", n + 1, listener=f"l{n}") for n in range(len(sites))],
    )
    (frontend,) = translate(document, FRONTEND_ADDRESSES).frontends.values()
    return frontend.listener


def _names(listener: dict[str, Any]) -> list[list[str]]:
    return [chain["filter_chain_match"]["server_names"] for chain in listener["filter_chains"]]


def _prefix(chain: dict[str, Any]) -> str:
    prefix: str = chain["filters"][0]["typed_config"]["stat_prefix"]
    return prefix


def test_a_name_of_several_sites_is_the_first_ones() -> None:
    shown = _listener(("a.com", "b.com"), ("b.com", "*.c.com"), ("a.com",))

    assert _names(shown) == [["a.com", "b.com"], ["*.c.com"]]


def test_unknown_clients_are_shown_the_basic_listeners_or_else_the_first_certificate() -> None:
    with_basic = _listener(("a.com",), ())
    without = _listener(("a.com",), ("b.com",))

    assert _prefix(with_basic["default_filter_chain"]) == "https_l1"
    assert _prefix(without["default_filter_chain"]) == "https_l0"


def test_http2_is_offered_only_where_it_is_switched_on() -> None:
    offered = []
    for is_on in (False, True):
        chain = _listener(("a.com",), has_http2=is_on)["filter_chains"][0]
        context = chain["transport_socket"]["typed_config"]["common_tls_context"]
        offered.append(context["alpn_protocols"])

    assert offered == [["http/1.1"], ["h2", "http/1.1"]]
