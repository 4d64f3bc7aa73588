"""A gateway's document becomes what its golden file says."""

import os
from pathlib import Path
from typing import Any

import pytest

from bascule.lab.arm.dataplane.translate.gateway import UnservableError
from bascule.lab.arm.dataplane.translate.translation import translate
from tests.support.appgw_golden import show, translate_document
from tests.support.arm_gateways import (
    FRONTEND_ADDRESSES,
    gateway,
    listener,
    pool,
    ref,
    rule,
    settings,
    to_pool,
)

GOLDEN = Path(__file__).parents[5] / "golden" / "appgw"


@pytest.mark.parametrize(
    "case", sorted(GOLDEN.glob("*.in.yaml")), ids=lambda path: path.name.removesuffix(".in.yaml")
)
def test_a_document_becomes_what_its_golden_file_says(case: Path) -> None:
    expected = case.with_name(case.name.replace(".in.", ".out."))

    shown = show(translate_document(case.read_text()))

    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(shown)
    assert shown == expected.read_text()


def test_equal_documents_are_translated_alike_whatever_the_case_of_references() -> None:
    document = gateway({"blue": ["10.240.0.7"]})
    other = gateway({"blue": ["10.240.0.7"]})
    of_rule = other["properties"]["requestRoutingRules"][0]["properties"]
    of_rule["httpListener"] = ref("HTTPLISTENERS", "ALL")

    assert translate(other, FRONTEND_ADDRESSES) == translate(document, FRONTEND_ADDRESSES)


def test_it_listens_where_the_loopback_twin_of_a_frontend_is() -> None:
    inside = listener(frontendIPConfiguration=ref("frontendIPConfigurations", "private"))

    translation = translate(gateway({"blue": []}, httpListeners=[inside]), {"Private": "10.1.0.10"})

    assert translation.bindings == {("127.1.0.10", 8080)}


@pytest.mark.parametrize(
    ("changes", "addresses", "message"),
    [
        ({"requestRoutingRules": [rule("r", 1, listener="gone")]}, {}, "was not found"),
        ({"backendAddressPools": [pool("other")]}, {}, "blue referenced"),
        ({"httpListeners": [listener(frontendPort=None)]}, {}, "all has no frontendPort"),
        ({}, {"public": "20.1.2.3"}, "outside 10.0.0.0/8"),
        ({}, {"other": "10.1.0.10"}, "public cannot be listened on"),
    ],
)
def test_what_cannot_be_served_is_refused(
    changes: dict[str, Any], addresses: dict[str, str], message: str
) -> None:
    document = gateway({"blue": []}, **changes)

    with pytest.raises(UnservableError, match=message):
        translate(document, addresses or FRONTEND_ADDRESSES)


def test_connections_live_as_long_as_the_most_patient_settings_say() -> None:
    patient = settings("patient", connectionDraining={"enabled": True, "drainTimeoutInSec": 90})
    document = gateway(
        {"blue": []},
        ports=(8080, 8081),
        backendHttpSettingsCollection=[settings(), patient],
        httpListeners=[listener(), listener("other", port=8081)],
        requestRoutingRules=[
            rule("r", 1),
            rule("o", 2, listener="other", **to_pool("blue", "patient")),
        ],
    )

    translation = translate(document, FRONTEND_ADDRESSES)

    assert (translation.drain_s, translation.probe_timeout_s) == (90, 30)
