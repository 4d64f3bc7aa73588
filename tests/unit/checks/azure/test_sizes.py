from dataclasses import replace

from bascule.checks.azure.facts import AzureFacts, SizeFacts
from bascule.checks.azure.sizes import check_sizes
from bascule.checks.azure.unreadable import Unreadable
from tests.support.azure_facts import facts, green, made_green, pool


def with_zones(*zones: str, size: SizeFacts | None = None) -> AzureFacts:
    sized = size or SizeFacts(family="f", vcpus=2, zones=("1", "2"), refused_zones=("2",))
    wanted = replace(green(), pools=(replace(pool(), zones=zones),))
    return replace(facts(), green=wanted, sizes={"standard_d2s_v5": sized})


def test_a_size_that_is_offered_is_fine() -> None:
    assert check_sizes(facts()) == ()
    assert check_sizes(with_zones("1")) == ()


def test_a_size_that_the_region_lacks_is_a_blocker() -> None:
    (found,) = check_sizes(replace(facts(), sizes={}))

    assert found.code == "SizeNotOffered"
    assert "chinanorth2 has no Standard_D2s_v5" in found.message


def test_a_size_that_the_subscription_may_not_use_is_a_blocker() -> None:
    refused = SizeFacts(family="f", vcpus=2, refusal="NotAvailableForSubscription")

    (found,) = check_sizes(with_zones(size=refused))

    assert found.code == "SizeNotOffered"
    assert "NotAvailableForSubscription" in found.message


def test_zones_that_are_not_to_be_had_are_named_with_those_that_are() -> None:
    (found,) = check_sizes(with_zones("1", "2", "3"))

    assert found.code == "ZoneNotOffered"
    assert "in zone 2, 3" in found.message
    assert "take the zones 1," in found.remedy


def test_a_region_without_zones_has_none_to_take() -> None:
    (found,) = check_sizes(with_zones("1", size=SizeFacts(family="f", vcpus=2)))

    assert "(none)" in found.remedy


def test_nothing_is_said_of_a_green_that_exists_or_of_what_is_not_known() -> None:
    unreadable = Unreadable(what="it", reason="forbidden")

    assert check_sizes(replace(facts(), green=made_green(), sizes={})) == ()
    assert check_sizes(replace(facts(), sizes=unreadable)) == ()
    assert check_sizes(replace(facts(), green=unreadable)) == ()
