from bascule.gateway.appgw.serving import NOBODY, Place, Served, find_answer, read_served
from tests.support.agic_gateway import DIGEST, HOST, OTHER_HOST, agic_gateway
from tests.support.appgw_parts import shown
from tests.support.arm_gateways import PORT, gateway, listener, part, ref, rule

SHOP = Place(HOST, PORT, "public")


def test_a_host_leads_where_all_of_its_paths_lead() -> None:
    served = read_served(agic_gateway())

    assert served[SHOP] == Served(paths=2, addresses=("10.0.0.1", "10.0.0.2", "10.0.0.3"))
    assert served[Place(OTHER_HOST, PORT, "public")] == Served(paths=1, addresses=("10.0.0.3",))
    assert served[Place("*", 81, "public")].addresses == ("10.9.9.9",)


def test_only_rules_that_count_are_read() -> None:
    served = read_served(agic_gateway(), lambda name: name == f"rr-{DIGEST}")

    assert list(served) == [SHOP]


def test_another_rule_or_a_redirect_for_the_same_place_counts_too() -> None:
    document = gateway(
        {"blue": ["backend.example.com"]},
        redirectConfigurations=[part("to-tls", redirectType="Permanent")],
        httpListeners=[listener("a", HOST), listener("b", hostName=HOST)],
        requestRoutingRules=[
            rule("one", 1, listener="a"),
            rule("two", 2, listener="b", redirectConfiguration=ref("redirectConfigurations", "x")),
            rule("lost", 3, listener="gone"),
        ],
    )

    served = read_served(document)

    assert served == {SHOP: Served(paths=1, addresses=("backend.example.com",), is_redirected=True)}


def test_a_pool_without_addresses_serves_nobody() -> None:
    document = shown(gateway({"blue": []}, httpListeners=[listener("all", HOST)]))

    assert not read_served(document)[SHOP].is_answered


def test_a_wildcard_or_any_host_of_the_same_port_answers_for_a_host_without_a_rule() -> None:
    of_wildcard, of_any = Served(addresses=("1",)), Served(addresses=("2",))
    served = {
        Place("*.example.com", PORT, "public"): of_wildcard,
        Place("*", PORT, "public"): of_any,
    }

    assert find_answer(served, SHOP) == of_wildcard
    assert find_answer(served, Place("example.org", PORT, "public")) == of_any
    assert find_answer(served, Place(HOST, 443, "public")) == NOBODY


def test_what_is_served_is_said_in_words() -> None:
    four = tuple(f"10.0.0.{n}" for n in range(4))

    assert NOBODY.told() == "nobody"
    assert Served(is_redirected=True).told() == "a redirect"
    assert Served(paths=1, addresses=four[:1]).told() == "1 path to 10.0.0.0"
    assert Served(paths=2, addresses=four).told() == "2 paths to 10.0.0.0, 10.0.0.1, 10.0.0.2, ..."
    assert SHOP.told() == f"{HOST}:{PORT} (public)"
