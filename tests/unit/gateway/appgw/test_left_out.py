from dataclasses import replace

import pytest

from bascule.gateway.appgw.culprits import FOR_PROBES, Suspect
from bascule.gateway.appgw.left_out import tell_left_out, tell_unusable
from bascule.gateway.appgw.mending import LeftOut
from bascule.ids import Cluster
from bascule.routing.model import IngressRef, Route, RoutingTable, Severity
from tests.support import pki, tables

HOST = "shop.example.com"
GATEWAY = "/subscriptions/s/applicationGateways/shop"


def _route(path: str, *names: str) -> Route:
    pair = (tables.backend(cluster, "web", 80) for cluster in Cluster)
    sources = tuple(IngressRef(Cluster.BLUE, "shop", name) for name in names)
    return replace(tables.route(*pair, path=path), sources=sources)


def _table() -> RoutingTable:
    hosts = [
        tables.host(HOST, _route("/a", "a", "b"), _route("/", "c")),
        tables.host("other.example.com", _route("/a", "d")),
    ]
    return tables.table(tables.route_set(hosts))


@pytest.mark.parametrize(
    ("suspect", "names"),
    [(Suspect(HOST), ["a", "b", "c"]), (Suspect(HOST, "/a"), ["a", "b"]), (Suspect("gone"), [])],
)
def test_each_ingress_of_what_was_refused_is_told(suspect: Suspect, names: list[str]) -> None:
    problems = tell_left_out(
        [LeftOut(suspect=suspect, why="too long", is_kept=False)], _table(), gateway_id=GATEWAY
    )

    assert [problem.name for problem in problems] == names
    assert {problem.code for problem in problems} <= {"RefusedByAzure"}


@pytest.mark.parametrize(
    ("is_kept", "told"), [(True, "what it was before goes on"), (False, "it is not served")]
)
def test_what_becomes_of_it_and_why_is_told(is_kept: bool, told: str) -> None:  # noqa: FBT001 - a case
    left = LeftOut(suspect=Suspect(HOST, "/a"), why="too long", is_kept=is_kept)

    (first, *_) = tell_left_out([left], _table(), gateway_id=GATEWAY)

    assert first.message == f"Azure refuses {HOST}/a, and {told}: too long"


def test_what_is_there_for_probes_alone_is_told_on_the_gateway() -> None:
    left = LeftOut(suspect=FOR_PROBES, why="no such port", is_kept=False)

    (problem,) = tell_left_out([left], _table(), gateway_id=GATEWAY)

    assert (problem.code, problem.kind, problem.name) == ("NotAllProbed", "Gateway", "shop")
    assert problem.severity is Severity.WARNING
    assert "no such port" in problem.message


def test_hosts_are_left_out_for_their_certificates() -> None:
    good, bad = pki.Authority("a").certify("a"), pki.Authority("b").certify("b")
    names = ("a", "b", "c", "d")
    pairs = (good, bad, bad, None)
    hosts = [tables.host(n, certificate=pair) for n, pair in zip(names, pairs, strict=True)]
    table = tables.table(tables.route_set(hosts))

    found = tell_unusable(table, {bad.digest: "no"}, {"b"})

    assert [(each.suspect, each.is_kept) for each in found] == [
        (Suspect("b"), True),
        (Suspect("c"), False),
    ]
