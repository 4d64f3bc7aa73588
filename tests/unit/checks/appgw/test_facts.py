from bascule.checks.appgw.facts import AppGwFacts, GatewayCertificate, Room
from tests.support.appgw_facts import GATEWAY, UPDATE


def test_what_is_not_told_of_a_gateway_is_nothing() -> None:
    facts = AppGwFacts(gateway=GATEWAY, update=UPDATE)

    assert (facts.certificates, facts.rooms, facts.left_out) == ((), (), ())
    assert (facts.sends_to_pods, facts.foreign_owner) == (True, "")


def test_a_certificate_that_was_handed_over_is_in_no_vault() -> None:
    assert GatewayCertificate(name="a").secret_id == ""
    assert GatewayCertificate(name="a") != GatewayCertificate(name="a", secret_id="https://v")


def test_room_is_what_ours_and_others_fill() -> None:
    assert Room(what="rules", ours=1, others=2, limit=400).limit == 400
