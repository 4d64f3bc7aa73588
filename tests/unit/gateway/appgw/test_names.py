"""Names are fit for Azure, and no two things have the same."""

import pytest

from bascule.gateway.appgw.names import Names, cut, digest_of, label_host
from bascule.ids import CertificateDigest
from bascule.routing.model import CertificateRef, Match, PathKind

NAMES = Names("bsc-")


@pytest.mark.parametrize("name", ["a", "bsc-rule-80-shop.example.com", "wild_", "a" * 80])
def test_what_azure_takes_stays(name: str) -> None:
    assert cut(name) == name


@pytest.mark.parametrize("name", ["a" * 81, "a/b", "ends-", "ends."])
def test_what_azure_would_not_take_is_replaced_with_a_digest_behind(name: str) -> None:
    found = cut(name)

    assert len(found) <= 80
    assert found.endswith(f"-{digest_of(name)}")
    assert cut(f"{name}x") != found


def test_hosts_with_a_wildcard_have_labels_that_no_host_has() -> None:
    assert [label_host(h) for h in ("a.test", "*.test", "*")] == ["a.test", "wild_.test", "any_"]


def test_what_is_prepared_is_numbered_from_the_second_on() -> None:
    first, second = (NAMES.prepared(number) for number in (1, 2))

    assert (first, second) == ("bsc-prepared", "bsc-prepared-2")


def test_children_are_called_after_what_they_are_for() -> None:
    place = NAMES.place(port=443, host="a.test", is_private=True)
    reference = CertificateRef(
        namespace="n", secret="s", digest=CertificateDigest("0123456789abcdef")
    )

    assert NAMES.port(80) == "bsc-port-80"
    assert NAMES.listener(place) == "bsc-listener-private-443-a.test"
    assert NAMES.rule(place) == "bsc-rule-private-443-a.test"
    assert NAMES.redirect("80-a.test") == "bsc-redirect-80-a.test"
    assert NAMES.pool("blue", "n", "web", "http") == "bsc-pool-blue_n_web_http"
    assert NAMES.pool("green") == "bsc-pool-green"
    assert NAMES.certificate(reference) == "bsc-cert-n-s-0123456789ab"
    assert (NAMES.nothing, NAMES.default) == ("bsc-none", "bsc-default")


def test_no_two_backends_have_the_same_pool() -> None:
    assert NAMES.pool("blue", "a-b", "c", "80") != NAMES.pool("blue", "a", "b-c", "80")


def test_what_differs_in_content_differs_in_name() -> None:
    assert NAMES.settings("blue", "web", content="1") != NAMES.settings("blue", "web", content="2")
    assert NAMES.probe("http", "/a/b", content="1") == f"bsc-probe-http_a-b_{digest_of('1')}"
    assert NAMES.rewrite("n/r", "1") == f"bsc-rewrite-n-r_{digest_of('1')}"


def test_the_cluster_is_never_cut_off_a_path_map() -> None:
    place = f"80-{'a' * 250}.test"

    names = {NAMES.path_map(place, tag) for tag in ("blue", "green")}

    assert {name.rpartition("-")[2] for name in names} == {"blue", "green"}
    assert all(len(name) <= 80 for name in names)
    assert NAMES.path_map("80-a.test", "") == "bsc-map-80-a.test"


def test_path_rules_of_one_path_differ_by_kind_and_case() -> None:
    matches = [Match("/a/b", kind) for kind in PathKind] + [Match("/A/b", PathKind.EXACT)]

    assert len({NAMES.path_rule(match) for match in matches}) == 3
    assert len(NAMES.path_rule(Match(f"/{'a' * 200}", PathKind.PREFIX))) <= 80
