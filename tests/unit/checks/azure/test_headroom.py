from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bascule.checks.azure.facts import AzureFacts, Backends
from bascule.checks.azure.gateway_facts import Part
from bascule.checks.azure.headroom import LIMITS, check_headroom
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import facts, gateway


def having(
    counts: Mapping[Part, int], used: Mapping[Part, int] | None = None, tier: str = "Standard_v2"
) -> AzureFacts:
    changed = replace(gateway(), counts=counts, used_counts=used or {}, tier=tier)
    return replace(facts(), gateway=changed)


def test_a_small_gateway_has_room() -> None:
    assert check_headroom(facts()) == ()


@pytest.mark.parametrize("part", list(Part))
def test_every_part_has_a_limit_that_blocks_when_passed(part: Part) -> None:
    found = check_headroom(having({part: LIMITS[part] + 1}))

    assert [(f.severity, f.code) for f in found] == [(Severity.BLOCKER, "GatewayFull")]
    assert f"{LIMITS[part] + 1} {part} of {LIMITS[part]}" in found[0].message


@pytest.mark.parametrize("part", [part for part in Part if part is not Part.TARGETS])
def test_a_part_near_its_limit_is_a_warning(part: Part) -> None:
    (found,) = check_headroom(having({part: LIMITS[part]}))

    assert (found.severity, found.code) == (Severity.WARNING, "GatewayNearlyFull")


def test_twins_of_used_pools_must_fit() -> None:
    assert check_headroom(having({Part.POOLS: 60}, {Part.POOLS: 40})) == ()

    (found,) = check_headroom(having({Part.POOLS: 60}, {Part.POOLS: 41}))

    assert (found.severity, found.code) == (Severity.WARNING, "NoRoomForGreen")
    assert "twins for green would be 41 more" in found.message


def test_the_pods_of_both_clusters_in_one_pool_must_fit() -> None:
    (found,) = check_headroom(having({Part.TARGETS: 700}))

    assert found.code == "NoRoomForGreen"
    assert "backends: loadBalancer" in found.remedy


def test_one_address_for_each_cluster_always_fits() -> None:
    balanced = replace(having({Part.TARGETS: 700}), backends=Backends.LOAD_BALANCER)

    assert check_headroom(balanced) == ()


def test_a_waf_with_an_old_rule_set_allows_less() -> None:
    parts = {Part.POOLS: 21, Part.SETTINGS: 20, Part.ACTIVE_LISTENERS: 41}
    used = {Part.POOLS: 20, Part.SETTINGS: 20}

    assert check_headroom(having(parts, used)) == ()

    (found,) = check_headroom(having(parts, used, tier="WAF_v2"))

    assert found.code == "WafLimit"
    assert "21 backend pools and 41 active listeners" in found.message


def test_a_small_waf_has_room() -> None:
    assert check_headroom(having({Part.POOLS: 5}, {Part.POOLS: 5}, tier="WAF_v2")) == ()


def test_a_gateway_that_is_not_known_is_left_out() -> None:
    unknown = Unreadable(what="it", reason="forbidden")

    assert check_headroom(replace(facts(), gateway=unknown)) == ()


@given(has=st.integers(0, 150), used=st.integers(0, 150))
def test_nothing_is_said_only_where_twins_fit_with_room(has: int, used: int) -> None:
    found = check_headroom(having({Part.POOLS: has}, {Part.POOLS: used}))

    if not found:
        assert has + used <= LIMITS[Part.POOLS]
