"""Checks on the certificates of the gateway: each update of it needs all of them.

A certificate in a Key Vault is fetched by the gateway's own identity, again with each update. That
it may cannot be proved by reading; only what surely keeps it from doing so can be told.
"""

from collections.abc import Iterator
from datetime import datetime

from bascule.checks.appgw.facts import AppGwFacts, GatewayCertificate
from bascule.checks.azure.blocking import blocker, warning
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding
from bascule.checks.inventory import Inventory
from bascule.checks.text import render_names
from bascule.routing.expiry import WARN_BEFORE

_RENEW = "renew it there: Bascule did not make it"


def check_gateway_certificates(inventory: Inventory) -> tuple[Finding, ...]:
    """Return which certificates of the gateway end, and what Key Vaults it depends on."""
    if inventory.appgw is None:
        return ()
    facts = inventory.appgw
    return (*_ending(facts, inventory.at), *_vaults(facts))


def _ending(facts: AppGwFacts, now: datetime) -> Iterator[Finding]:
    for each in facts.certificates:
        if each.not_after is None or not each.listeners or each.is_ours:
            continue  # of ours the Secret is looked at
        if each.not_after - now > WARN_BEFORE:
            continue
        yield _ended(each) if each.not_after <= now else _soon(each)


def _ended(certificate: GatewayCertificate) -> Finding:
    return warning(
        "GatewayCertificateEnded",
        certificate.name,
        f"the certificate {certificate.name} of the gateway ended{_of(certificate)}",
        _RENEW,
    )


def _soon(certificate: GatewayCertificate) -> Finding:
    return warning(
        "GatewayCertificateEnding",
        certificate.name,
        f"the certificate {certificate.name} of the gateway ends{_of(certificate)}",
        _RENEW,
    )


def _of(certificate: GatewayCertificate) -> str:
    used = render_names(certificate.listeners, "listeners")
    return f" at {certificate.not_after:%Y-%m-%d %H:%M} UTC; {used} use it"


def _vaults(facts: AppGwFacts) -> Iterator[Finding]:
    kept = [each for each in facts.certificates if each.secret_id]
    gateway = facts.gateway
    if not kept or isinstance(gateway, Unreadable):
        return
    names = render_names([each.name for each in kept], "certificates")
    if not gateway.identity_ids:
        yield blocker(
            "KeyVaultWithoutIdentity",
            "gateway",
            f"{gateway.name} fetches {names} from a Key Vault and has no identity to do so: Azure"
            " refuses each update of it",
            "give the gateway a user-assigned identity that may read these secrets",
        )
        return
    where = ", ".join(sorted({_vault(each) for each in kept}))
    yield warning(
        "KeyVaultUnproven",
        "gateway",
        f"each update of {gateway.name} fetches {names} from {where}, and fails where its identity"
        " may not: that it may is not seen by reading, only that the last update ended"
        f" {gateway.state}",
        "see that the identity still has Key Vault Secrets User there and that the vault's"
        " firewall lets the gateway in; an update that changes nothing would prove it",
    )


def _vault(certificate: GatewayCertificate) -> str:
    return certificate.secret_id.removeprefix("https://").partition("/")[0]
