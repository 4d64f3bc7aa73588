from dataclasses import replace

import pytest

from bascule.checks.appgw.restarts import check_restarts
from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.manifest.objects import Container, EndpointSlice, ManifestObject, Metadata, Pod
from tests.support.appgw_facts import FINE, with_gateway
from tests.support.inventories import inventory
from tests.support.raw_objects import shop

PORTS = (("http", 8080),)


def serving(pre_stop_s: int | None) -> Container:
    return Container(ports=PORTS, pre_stop_s=pre_stop_s)


def pods(*containers: Container, grace_s: int = 300) -> Inventory:
    """Return a blue whose shop is served by one pod with these containers, and a green as ever."""
    meta = Metadata(namespace="shop", name="web-1")
    pod = Pod(meta=meta, containers=containers, grace_s=grace_s)
    return with_gateway(seen=inventory([*map(_with_pod, shop()), pod]))


def _with_pod(item: ManifestObject) -> ManifestObject:
    if not isinstance(item, EndpointSlice):
        return item
    return replace(item, endpoints=tuple(replace(e, pod="web-1") for e in item.endpoints))


def found(*containers: Container, grace_s: int = 300) -> list[Finding]:
    return list(check_restarts(pods(*containers, grace_s=grace_s)))


def test_pods_that_end_at_once_are_named_with_the_time_that_an_update_takes() -> None:
    (told,) = found(serving(0))

    assert (told.severity, told.code, told.subject) == (Severity.WARNING, "RestartsFail", "blue")
    assert "(mostly 8s, one in ten over 1m19s): shop/web (0 s); with each restart" in told.message
    assert told.remedy.startswith("say `backends: loadBalancer`, which knows of pods at once; or")
    assert "a preStop that sleeps for 1m19s" in told.remedy


@pytest.mark.parametrize(
    ("containers", "grace_s"),
    [
        ((serving(79),), 300),
        ((serving(90), Container(pre_stop_s=0)), 300),
        ((serving(90), Container(ports=(("metrics", 9113),), pre_stop_s=0)), 300),
        ((Container(ports=(("odd", 1),), pre_stop_s=80), Container(pre_stop_s=0)), 300),
        ((Container(pre_stop_s=80),), 300),
    ],
    ids=[
        "long enough",
        "beside one without ports",
        "beside one with other ports",
        "another port told",
        "no ports told",
    ],
)
def test_pods_that_outlast_an_update_are_fine(
    containers: tuple[Container, ...], grace_s: int
) -> None:
    assert found(*containers, grace_s=grace_s) == []


def test_no_pre_stop_lasts_longer_than_the_grace_period() -> None:
    (told,) = found(serving(90), grace_s=30)

    assert "shop/web (30 s)" in told.message


def test_where_only_running_it_would_tell_that_is_said() -> None:
    (told,) = found(serving(None))

    assert told.code == "RestartsUnknown"
    assert "cannot be told from their preStop: shop/web" in told.message


def test_one_that_is_surely_short_decides() -> None:
    assert [told.code for told in found(serving(None), serving(5))] == ["RestartsFail"]
    assert [told.code for told in found(serving(None), serving(500))] == ["RestartsUnknown"]


def test_pods_that_are_not_known_are_not_judged() -> None:
    assert check_restarts(with_gateway()) == ()


def test_it_matters_only_where_the_gateway_sends_to_pods() -> None:
    behind = pods(serving(0))

    assert check_restarts(replace(behind, appgw=None)) == ()
    assert check_restarts(replace(behind, appgw=replace(FINE, sends_to_pods=False))) == ()
