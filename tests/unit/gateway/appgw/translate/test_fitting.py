"""What has no room is told with what to do, and the rest is served."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from bascule.azure.document import Document
from bascule.gateway.appgw.limits import headroom
from bascule.gateway.appgw.merge import merge, read_facts
from bascule.gateway.appgw.part import (
    LISTENERS,
    PATH_MAPS,
    POOLS,
    REDIRECTS,
    RULES,
    Live,
    Part,
)
from bascule.gateway.appgw.slim import slim
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.ownership import Owns
from bascule.ids import Cluster
from bascule.routing.weights import Split, Weights
from tests.support.appgw_parts import shown
from tests.support.appgw_tables import read_case
from tests.support.arm_gateways import gateway

SERVICES = """
services:
  web: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}
  api: {blue: ['10.0.0.2:80'], green: ['10.1.0.2:80']}
secrets: [t]
"""
TWO_HOSTS = "ingresses: [{hosts: [a.test]}, {name: b, hosts: [b.test], paths: [{to: api}]}]"
BALANCERS = (
    "backends: loadBalancer, "
    "load_balancers: {blue: {address: 10.9.0.1}, green: {address: 10.9.0.2}}"
)


def _fit(case: str, more: str = "", settings: str = "", **limits: Any) -> Part:
    text = f"settings: {{limits: {limits}, {settings}}}\n{case}\n{SERVICES}\n{more}"
    asked, table, facts = read_case(text)
    part = Translator(asked).translate(table, facts)
    assert asked.limits is not None
    assert all(each.left >= 0 for each in headroom(part, facts, asked.limits))
    return part


def _messages(part: Part) -> list[str]:
    return [each.message for each in part.problems if each.cluster == "blue"]


def test_the_first_host_is_served_and_the_second_is_told() -> None:
    part = _fit(TWO_HOSTS, listeners=1)

    assert [*part.children[LISTENERS]] == ["bsc-listener-80-a.test"]
    (message,) = _messages(part)
    assert message == (
        "host b.test is not served: the gateway takes 1 listeners. Serve some hosts by a second "
        "gateway"
    )


def test_others_count_too() -> None:
    part = _fit(TWO_HOSTS, "facts: {used: {httpListeners: 1, requestRoutingRules: 1}}", listeners=2)

    assert [*part.children[RULES]] == ["bsc-rule-80-a.test"]
    assert "takes 2 listeners (1 of them are not ours)" in _messages(part)[0]


def test_a_route_that_does_not_fit_is_nobodys_and_the_others_of_its_host_work() -> None:
    part = _fit("ingresses: [{paths: [{path: /}, {path: /api, to: api}]}]", backend_pools=3)

    assert [*part.children[POOLS]] == [
        "bsc-none",
        "bsc-pool-blue_shop_api_http",
        "bsc-pool-green_shop_api_http",
    ]
    assert [*part.children[PATH_MAPS]][:2] == [
        "bsc-map-80-shop.example.com-blue",
        "bsc-map-80-shop.example.com-green",
    ]
    (message,) = _messages(part)
    assert message == (
        "shop.example.com/ is answered by nobody: the gateway takes 3 backend pools. Set "
        "switchBy: pools, with which everything fits, or set backends: loadBalancer, which needs "
        "one pool a cluster, or serve some hosts by a second gateway"
    )


def test_a_host_none_of_whose_routes_fits_has_no_listener() -> None:
    part = _fit(TWO_HOSTS, backend_pools=3)

    assert [*part.children[LISTENERS]] == ["bsc-listener-80-a.test", "bsc-prepared"]
    assert "b.test/ is answered by nobody" in _messages(part)[0]


def test_a_redirect_that_does_not_fit_leaves_the_tls_listener() -> None:
    part = _fit("ingresses: [{hosts: [a.test, b.test], tls: t}]", redirects=1)

    assert len(part.children[REDIRECTS]) == 1
    assert len({*part.children[LISTENERS]} - {"bsc-prepared"}) == 3
    assert _messages(part)[0].startswith("host b.test is not redirected from HTTP to HTTPS")
    assert "Set ssl-redirect: false" in _messages(part)[0]


def test_listeners_that_only_redirect_are_no_active_ones() -> None:
    part = _fit("ingresses: [{hosts: [a.test, b.test], tls: t}]", active_listeners=3)

    assert part.problems == ()
    assert len(part.children[LISTENERS]) == 5


def test_where_pools_would_not_fit_either_they_are_not_proposed() -> None:
    assert "switchBy" not in _messages(_fit(TWO_HOSTS, backend_pools=1))[0]


def test_probes_of_load_balancers_are_shared_under_one_host() -> None:
    part = _fit(TWO_HOSTS, settings=BALANCERS, probes=1)

    assert "Give the load balancers a probeHost" in _messages(part)[0]
    assert "backends: loadBalancer" not in _messages(part)[0]


def test_the_largest_document_that_fits_is_served_whole() -> None:
    ingresses = [
        {"name": f"i{n}", "hosts": [f"h{n}.test"], "paths": [{"to": f"s{n}"}]} for n in range(50)
    ]
    services = {
        f"s{n}": {"blue": [f"10.0.0.{n + 1}:80"], "green": [f"10.1.0.{n + 1}:80"]}
        for n in range(50)
    }
    asked, table, facts = read_case(str({"ingresses": ingresses, "services": services}))

    part = Translator(asked).translate(table, facts)

    assert part.problems == ()
    assert asked.limits is not None
    assert len(part.children[POOLS]) == asked.limits.backend_pools


def _hosts_of_paths(hosts: int, paths: int) -> str:
    """Return as many hosts as are said, each with as many paths to one Service."""
    many = ", ".join(f"{{path: /p{number}}}" for number in range(paths))
    probe = "annotations: {health-probe-path: /}"
    each = (f"{{name: i{n}, hosts: [h{n}.test], {probe}, paths: [{many}]}}" for n in range(hosts))
    return f"ingresses: [{', '.join(each)}]"


def test_hosts_beyond_what_azure_takes_in_one_document_are_told_which_limit_it_is() -> None:
    part = _fit(_hosts_of_paths(3, 95), document_kilobytes=310)

    assert [*part.children[PATH_MAPS]] == [
        "bsc-map-80-h0.test-blue",
        "bsc-map-80-h0.test-green",
        "bsc-map-80-h1.test-blue",
        "bsc-map-80-h1.test-green",
        "bsc-prepared",
    ]
    (message,) = _messages(part)
    assert message == (
        "host h2.test is not served: the gateway takes 310 kilobytes of document. Set switchBy: "
        "pools, with which everything fits, or serve some hosts by a second gateway"
    )


def test_a_host_of_which_some_paths_have_no_room_may_be_too_large_for_the_rest() -> None:
    paths = "{path: /, to: api}, {path: /a}, {path: /b}"
    part = _fit(f"ingresses: [{{paths: [{paths}]}}]", document_kilobytes=4, backend_pools=3)

    assert "bsc-listener-80-shop.example.com" not in part.children[LISTENERS]
    assert [each for each in _messages(part) if "kilobytes" in each]


def test_the_largest_document_that_has_room_is_one_that_azure_takes_again_too() -> None:
    limits = "settings: {limits: {document_kilobytes: 1000}}"
    settings, table, facts = read_case(f"{limits}\n{_hosts_of_paths(12, 100)}\n{SERVICES}")
    existing = shown(gateway({"blue": ["10.0.0.1"]}))
    owns = Owns(prefix=settings.prefix, owner=settings.owner)
    translator = Translator(settings)

    def put(document: Document) -> dict[str, object]:
        known = replace(facts, others_bytes=read_facts(document, owns).others_bytes)
        return merge(document, translator.translate(table, known), owns, pfx={}, tags={})

    first = put(existing)
    sizes = [len(msgspec.json.encode(slim(each, owns))) for each in (first, put(shown(first)))]

    assert settings.limits is not None
    most = settings.limits.document_kilobytes * 1_000
    assert all(most * 0.75 < size <= most for size in sizes)


FOUR = """
services:
  s0: {blue: ['10.0.0.1:80'], green: ['10.1.0.1:80']}
  s1: {blue: ['10.0.0.2:80'], green: ['10.1.0.2:80']}
  s2: {blue: ['10.0.0.3:80'], green: ['10.1.0.3:80']}
  s3: {blue: ['10.0.0.4:80'], green: ['10.1.0.4:80']}
"""
LATE = (
    "{name: y, hosts: [y.test], paths: [{to: s1}]}, {name: z, hosts: [z.test], paths: [{to: s2}]}"
)
EARLY = "{name: a, hosts: [a.test], paths: [{to: s0}]}"
GROWN = "{name: a, hosts: [a.test], paths: [{to: s0}, {path: /n, to: s3}]}"


class _Gateway:
    """A gateway with little room, table after table; each by a fresh process if asked."""

    def __init__(self, **limits: Any) -> None:
        self._head = f"settings: {{limits: {limits}}}"
        self._live = Live()
        self._translator: Translator | None = None

    def put(
        self,
        ingresses: str,
        cluster: Cluster = Cluster.BLUE,
        *,
        others: str = "",
        fresh: bool = False,
    ) -> Part:
        """Write the table; return what is there then."""
        text = f"{self._head}\ningresses: [{ingresses}]\n{FOUR}\n{others}"
        asked, table, facts = read_case(text)
        if self._translator is None or fresh:
            self._translator = Translator(asked)
        split = Split(Weights.all_to(cluster))
        found = self._translator.translate(
            replace(table, split=split), replace(facts, live=self._live)
        )
        owns = Owns(prefix=asked.prefix, owner=asked.owner)
        document = merge(shown(gateway({"blue": ["10.0.0.1"]})), found, owns, pfx={}, tags={})
        self._live = read_facts(shown(document), owns).live
        assert asked.limits is not None
        assert all(each.left >= 0 for each in headroom(found, facts, asked.limits))
        return found


def _hosts(part: Part) -> str:
    names = (name.removeprefix("bsc-listener-80-")[0] for name in part.children[LISTENERS])
    return "".join(sorted({*names} - {"b"}))


@pytest.mark.parametrize(
    "limits", [{"listeners": 2}, {"rules": 2}, {"backend_pools": 4}, {"document_kilobytes": 8}]
)
def test_a_new_host_never_takes_the_place_of_one_that_serves(limits: dict[str, int]) -> None:
    full = _Gateway(**limits)
    assert _hosts(full.put(LATE)) == "yz"

    part = full.put(f"{EARLY}, {LATE}")

    assert _hosts(part) == "yz"
    assert "host a.test" in _messages(part)[0] or "a.test/ is answered by" in _messages(part)[0]
    for cluster in (Cluster.GREEN, Cluster.BLUE):
        assert _hosts(full.put(f"{EARLY}, {LATE}", cluster)) == "yz"
    again = full.put(f"{EARLY}, {LATE}", fresh=True)
    assert (again.children, again.problems) == (part.children, part.problems)
    assert _hosts(full.put(f"{EARLY}, {LATE.partition(', {name: z')[0]}")) == "ay"


def test_a_new_path_never_takes_the_place_of_a_host_that_serves() -> None:
    full = _Gateway(backend_pools=7)
    assert _hosts(full.put(f"{EARLY}, {LATE}")) == "ayz"

    part = full.put(f"{GROWN}, {LATE}")

    assert _hosts(part) == "ayz"
    assert [each.split(":")[0] for each in _messages(part)] == ["a.test/n is answered by nobody"]
    assert full.put(f"{GROWN}, {LATE}", fresh=True).children == part.children


def test_hosts_whose_backends_are_renamed_still_come_before_new_ones() -> None:
    full = _Gateway(backend_pools=4)
    full.put(LATE)

    assert _hosts(full.put(f"{EARLY}, {LATE.replace('s2', 's3')}")) == "yz"


def test_what_others_add_pushes_out_as_little_as_it_takes() -> None:
    full = _Gateway(listeners=2)
    full.put(LATE)
    others = "facts: {used: {httpListeners: 1}}"

    assert _hosts(full.put(f"{EARLY}, {LATE}", others=others)) == "y"


def test_places_that_are_not_needed_after_all_are_for_the_next_host() -> None:
    full = _Gateway(listeners=3, backend_pools=3)
    full.put("{name: z, hosts: [z.test], paths: [{to: s2}]}")
    wide = "{name: z, hosts: [z.test], paths: [{to: s2}, {path: /n, to: s3}]}"

    part = full.put(f"{EARLY}, {wide}")

    assert _hosts(part) == "z"
    assert full.put(f"{EARLY}, {wide}", fresh=True).children == part.children


def test_places_of_a_host_that_cannot_be_served_any_more_go_to_a_new_one() -> None:
    full = _Gateway(backend_pools=4, certificates=0)
    full.put(LATE)
    other = LATE.replace("hosts: [z.test]", "hosts: [z.test], tls: t")

    part = full.put(f"{EARLY}, {other}", others="secrets: [t]")

    assert _hosts(part) == "ay"
    again = full.put(f"{EARLY}, {other}", others="secrets: [t]", fresh=True)
    assert again.children == part.children
