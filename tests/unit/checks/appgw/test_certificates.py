from dataclasses import replace
from datetime import timedelta

import pytest

from bascule.checks.appgw.certificates import check_gateway_certificates
from bascule.checks.appgw.facts import AppGwFacts, GatewayCertificate
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.appgw_facts import FINE, GATEWAY, with_gateway
from tests.support.inventories import NOW, inventory

KEPT = GatewayCertificate(name="wild", secret_id="https://v1.vault.azure.net/secrets/wild")


def having(*certificates: GatewayCertificate, facts: AppGwFacts = FINE) -> AppGwFacts:
    return replace(facts, certificates=certificates)


@pytest.mark.parametrize(
    ("days", "code", "said"),
    [(-1, "GatewayCertificateEnded", "ended at"), (3, "GatewayCertificateEnding", "ends at")],
)
def test_a_certificate_that_ends_is_told_with_who_uses_it(days: int, code: str, said: str) -> None:
    ending = GatewayCertificate(
        name="old", not_after=NOW + timedelta(days=days), listeners=("https",)
    )

    (found,) = check_gateway_certificates(with_gateway(having(ending)))

    assert (found.severity, found.code, found.subject) == (Severity.WARNING, code, "old")
    assert f"the certificate old of the gateway {said}" in found.message
    assert "https use it" in found.message


@pytest.mark.parametrize(
    "changes",
    [
        {"not_after": NOW + timedelta(days=90)},
        {"not_after": None},
        {"listeners": ()},
        {"is_ours": True},
    ],
    ids=["far off", "not known", "unused", "ours"],
)
def test_others_are_not_told(changes: dict[str, object]) -> None:
    ending = GatewayCertificate(name="old", not_after=NOW, listeners=("https",))
    facts = having(replace(ending, **changes))  # type: ignore[arg-type]  # the cases' own names

    assert check_gateway_certificates(with_gateway(facts)) == ()
    assert check_gateway_certificates(inventory()) == ()


def test_a_key_vault_without_an_identity_is_a_blocker() -> None:
    nobody = replace(FINE, gateway=replace(GATEWAY, identity_ids=()))

    (found,) = check_gateway_certificates(with_gateway(having(KEPT, facts=nobody)))

    assert (found.severity, found.code) == (Severity.BLOCKER, "KeyVaultWithoutIdentity")


def test_what_cannot_be_proved_of_a_key_vault_is_said() -> None:
    (found,) = check_gateway_certificates(with_gateway(having(KEPT, replace(KEPT, name="b"))))

    assert (found.severity, found.code) == (Severity.WARNING, "KeyVaultUnproven")
    assert "fetches wild, b from v1.vault.azure.net, and fails where" in found.message
    assert "only that the last update ended Succeeded" in found.message


def test_of_a_gateway_that_cannot_be_read_nothing_is_said() -> None:
    hidden = replace(FINE, gateway=Unreadable(what="the gateway", reason="forbidden"))

    assert check_gateway_certificates(with_gateway(having(KEPT, facts=hidden))) == ()
