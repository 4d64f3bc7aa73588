from bascule.platform.desired.ids import ROLES, find_owner, has_owner
from tests.support.fake_arm import SUBSCRIPTION
from tests.support.platforms import SMALL, read_ids

GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg"


def test_everything_has_its_place() -> None:
    ids = read_ids()

    assert str(ids.group) == GROUP
    assert str(ids.subnet("front")) == (
        f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/front"
    )
    assert str(ids.public_ip) == f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/ip"
    assert str(ids.gateway) == f"{GROUP}/providers/Microsoft.Network/applicationGateways/gw"
    assert ids.cluster("old").type == "Microsoft.ContainerService/managedClusters"
    assert ids.identity("me", "other").group == "other"


def test_a_part_may_be_in_another_group() -> None:
    ids = read_ids(SMALL.replace("{name: ip}", "{name: ip, resourceGroup: shared}"))

    assert ids.public_ip.group == "shared"


def test_a_role_is_named_or_has_an_id() -> None:
    ids = read_ids()

    assert ids.role("Reader").endswith(f"/roleDefinitions/{ROLES['Reader']}")
    assert ids.role("some-guid").endswith("/roleDefinitions/some-guid")
    assert ids.role("/subscriptions/x") == "/subscriptions/x"


def test_a_role_assignment_has_the_same_name_each_time() -> None:
    ids = read_ids()

    first = ids.assignment(ids.gateway, "principal", "role")

    assert first == ids.assignment(ids.gateway, "Principal", "ROLE")
    assert first != ids.assignment(ids.public_ip, "principal", "role")
    assert first.scope == str(ids.gateway)


def test_what_is_made_says_who_made_it() -> None:
    ids = read_ids(f"{SMALL}tags: {{team: shop}}\n")

    assert ids.tags({"a": "b"}) == {"team": "shop", "a": "b", "bascule-platform": "shop"}
    assert ids.mark == "bascule-platform: shop"


def test_the_maker_is_found_by_the_tag_in_any_case() -> None:
    assert find_owner({"Bascule-Platform": "shop"}) == "shop"
    assert find_owner(None) == ""
    assert has_owner({"bascule-platform": "shop"}, "shop")
    assert not has_owner({"x": "y"}, "shop")
