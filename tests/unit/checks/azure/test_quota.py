from dataclasses import replace

import pytest

from bascule.checks.azure.facts import AzureFacts, Usage
from bascule.checks.azure.quota import check_quota
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import blue, facts, green, made_green, pool


def with_limits(cores: int, family: int, base: AzureFacts | None = None) -> AzureFacts:
    usages = (
        Usage(name="cores", used=4, limit=cores),
        Usage(name="StandardDSv5Family", used=4, limit=family),
    )
    return replace(base or facts(), usages=usages)


def test_both_clusters_at_once_fit_with_their_surge() -> None:
    assert check_quota(with_limits(10, 10)) == ()  # 4 used + (2 nodes + 1 surge) x 2 vCPUs


@pytest.mark.parametrize(("cores", "family", "named"), [(9, 10, "cores"), (10, 9, "standardDSv5")])
def test_each_quota_that_green_does_not_fit_into_is_a_blocker(
    cores: int, family: int, named: str
) -> None:
    (found,) = check_quota(with_limits(cores, family))

    assert (found.severity, found.code) == (Severity.BLOCKER, "QuotaExceeded")
    assert named in found.message
    assert "5 of 9" in found.message
    assert "need 6 more" in found.message
    assert "at least 10" in found.remedy


def test_autoscalers_of_both_clusters_count_as_a_warning() -> None:
    growing = replace(pool(), nodes_max=4)
    base = replace(
        facts(),
        blue=replace(blue(), pools=(growing,)),
        green=replace(green(), pools=(growing,)),
    )
    # green (4 + 1) x 2, blue (4 - 2) x 2
    assert check_quota(with_limits(18, 18, base)) == ()

    found = check_quota(with_limits(17, 18, base))

    assert [(f.severity, f.code) for f in found] == [(Severity.WARNING, "QuotaTight")]
    assert "need 14 more" in found[0].message


def test_a_stopped_blue_is_counted_for_the_way_back() -> None:
    stopped = replace(facts(), blue=replace(blue(), is_running=False))

    found = check_quota(with_limits(15, 100, stopped))

    assert [f.code for f in found] == ["QuotaExceeded"]
    assert "need 12 more" in found[0].message


def test_spot_nodes_count_against_their_own_quota() -> None:
    spot = replace(facts(), green=replace(green(), pools=(replace(pool(), is_spot=True),)))
    usages = (*facts_usages(), Usage(name="lowPriorityCores", used=0, limit=5))

    found = check_quota(replace(spot, usages=usages))

    assert [f.code for f in found] == ["QuotaExceeded"]
    assert "lowPriorityCores" in found[0].message


def test_a_quota_that_is_not_told_is_a_warning() -> None:
    found = check_quota(replace(facts(), usages=facts_usages()[:1]))

    assert [(f.severity, f.code) for f in found] == [(Severity.WARNING, "QuotaUnknown")]


def test_two_clusters_that_run_need_nothing_more() -> None:
    both = replace(facts(), green=made_green())

    assert check_quota(with_limits(4, 4, both)) == ()


def test_sizes_that_are_not_known_are_another_checks_find() -> None:
    assert check_quota(replace(facts(), sizes={})) == ()


def test_nothing_is_said_of_what_cannot_be_read() -> None:
    unreadable = Unreadable(what="it", reason="forbidden")

    assert check_quota(replace(facts(), sizes=unreadable)) == ()
    assert check_quota(replace(facts(), usages=unreadable)) == ()


def facts_usages() -> tuple[Usage, ...]:
    usages = facts().usages
    assert not isinstance(usages, Unreadable)
    return usages
