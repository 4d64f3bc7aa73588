from dataclasses import replace
from pathlib import Path

import pytest

from bascule.app.azure_preflight import KubeAccess, Preflight
from bascule.checks.azure.facts import AzureFacts
from bascule.checks.azure.preflight import check_platform
from bascule.checks.azure.unreadable import Unreadable
from bascule.cli.main import main
from bascule.cli.preflight_command import (
    Inside,
    Names,
    build_target,
    preflight_document,
    render_preflight,
)
from bascule.errors import UsageError
from tests.support.azure_facts import GATEWAY, cluster_id, facts, gateway

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
NAMES = Names(resource_group="AKS_Upgrade", cluster="old", gateway="AppGateway")


def judged(seen: AzureFacts) -> Preflight:
    return Preflight(facts=seen, findings=check_platform(seen))


def test_without_azure_it_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["preflight"]) == 2
    assert "say --azure" in capsys.readouterr().err


def test_names_become_ids() -> None:
    target = build_target(NAMES, SUBSCRIPTION)

    assert (target.blue.text, target.gateway.text) == (cluster_id("old"), GATEWAY)
    assert (target.green.name, target.green_exists) == ("green", False)


def test_a_whole_id_is_taken_as_it_is() -> None:
    elsewhere = GATEWAY.replace("AKS_Upgrade", "Network")

    target = build_target(replace(NAMES, gateway=elsewhere, green="new"), SUBSCRIPTION)

    assert target.gateway.text == elsewhere
    assert (target.green.text, target.green_exists) == (cluster_id("new"), True)


def test_what_is_not_named_is_asked_for() -> None:
    with pytest.raises(UsageError, match="--cluster and --gateway must be said"):
        build_target(Names(resource_group="g"), SUBSCRIPTION)


def test_a_cluster_is_looked_into_where_a_kubeconfig_is_named() -> None:
    inside = Inside(kubeconfig=Path("old.yaml"), context="admin", green_context="x")

    assert inside.access() == {"blue": KubeAccess(kubeconfig=Path("old.yaml"), context="admin")}


def test_the_text_says_what_was_looked_at_and_ends_with_nothing_was_written() -> None:
    lines = render_preflight(judged(facts()))

    assert lines[1].split()[:3] == ["blue", "old", "1.33.5,"]
    assert "to be made: 1.34" in lines[2]
    assert lines[3].split() == ["gateway", "AppGateway", "Standard_v2,", "shop.example.com"]
    assert lines[-1] == "nothing was written"


def test_many_hosts_are_cut_short_and_none_is_said() -> None:
    many = replace(facts(), gateway=replace(gateway(), hosts=("a", "b", "c", "d")))
    none = replace(facts(), gateway=replace(gateway(), hosts=()))

    assert render_preflight(judged(many))[3].endswith("a, b, c, ...")
    assert render_preflight(judged(none))[3].endswith("no listener")


def test_what_could_not_be_read_is_not_among_what_was_looked_at() -> None:
    blind = replace(facts(), gateway=Unreadable(what="the gateway", reason="forbidden"))

    document = preflight_document(judged(blind))

    assert set(document["looked_at"]) == {"blue", "green"}  # type: ignore[call-overload]  # a document
    assert (document["blockers"], document["written"]) == (1, 0)
