"""Preflight and rights against the lab's Azure over HTTPS, as a user calls them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bascule.cli.main import main
from bascule.platform.rights import ROLES, RoleName, render_role
from tests.house import rules
from tests.support.azure_site import (
    AzureSite,
    Caller,
    azure_site,
    make_article_platform,
    make_cluster,
)

NAMES = ("--azure", "-g", "AKS_Upgrade", "--cluster", "old", "--gateway", "AppGateway")
CLUSTERS = "Microsoft.ContainerService/managedClusters"
GATEWAYS = "Microsoft.Network/applicationGateways"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureSite]:
    """The article's platform, with AGIC's own document on the gateway."""
    with azure_site(tmp_path_factory.mktemp("azure")) as found:
        make_article_platform(found)
        yield found


class Desk:
    """Calls the command as somebody, and reads what it prints."""

    def __init__(
        self, site: AzureSite, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._site = site
        self._patch = patch
        self._capsys = capsys

    def be(self, caller: Caller) -> None:
        for name, value in self._site.environment(caller).items():
            self._patch.setenv(name, value)

    def run(self, *arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--cloud", self._site.url])
        return code, self._capsys.readouterr().out

    def ask(self, *arguments: str) -> tuple[int, Any]:
        code, out = self.run(*arguments, "--output", "json")
        return code, json.loads(out)


@pytest.fixture
def desk(
    site: AzureSite, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Desk:
    return Desk(site, monkeypatch, capsys)


def codes(found: Any) -> set[str]:
    return {each["code"] for each in found["findings"]}


def test_a_reader_learns_what_would_break_and_writes_nothing(site: AzureSite, desk: Desk) -> None:
    reader = site.add_caller("reader", "Reader")
    desk.be(reader)

    code, out = desk.run("preflight", *NAMES)

    assert code == 3
    assert out.splitlines()[-1] == "nothing was written"
    told = " ".join(out.split())
    assert "AppGateway bears the tag of the AGIC of the cluster old" in told
    assert "serve api.example.com, shop.example.com" in told
    assert "the identity old-agentpool would go with blue" in told
    assert "blue old 1.35.3, pods on node subnet, nodepool1 3 x Standard_D2s_v5" in told
    assert "cannot be read" not in told
    assert site.reads_of(reader) > 20
    assert site.writes_of(reader) == 0


def test_what_is_approved_may_go_and_what_is_not_known_may_not(site: AzureSite, desk: Desk) -> None:
    desk.be(site.add_caller("approver", "Reader"))
    group = f"{site.subscription}/resourceGroups/MC_AKS_Upgrade_old_chinanorth2"
    disk = f"{group}/providers/Microsoft.Compute/disks/orders"
    site.put(disk, {"location": "chinanorth2", "properties": {"diskSizeGB": 10}})
    address = next(
        each["name"]
        for each in site.ask("GET", f"{group}/resources")["value"]
        if each["type"].endswith("publicIPAddresses")
    )
    approved = ("--approve", address, "--approve", "old-agentpool")

    _, found = desk.ask("preflight", *NAMES, *approved)

    unapproved = [f["message"] for f in found["findings"] if f["code"] == "NotApproved"]
    assert len(unapproved) == 1
    assert "the disk orders would go with blue" in unapproved[0]


def test_a_pair_without_agic_whose_removal_is_approved_has_nothing_in_the_way(
    site: AzureSite, desk: Desk
) -> None:
    desk.be(site.add_caller("calm-reader", "Reader"))
    gateway = site.id_of(GATEWAYS, "AppGateway")
    document = site.ask("GET", gateway)
    group = f"{site.subscription}/resourceGroups/MC_AKS_Upgrade_old_chinanorth2"
    names = [each["name"] for each in site.ask("GET", f"{group}/resources")["value"]]
    approved = [word for name in names for word in ("--approve", name)]

    site.put(gateway, {**document, "tags": {}})
    code, out = desk.run("preflight", *NAMES, *approved)
    site.put(gateway, document)

    assert code == 0
    assert "BLOCKER" not in out
    assert "WARNING  7 objects of AppGateway have AGIC's names" in out


def test_a_reader_of_one_group_cannot_see_what_would_go(site: AzureSite, desk: Desk) -> None:
    desk.be(site.add_caller("local-reader", "Reader", site.group))

    code, found = desk.ask("preflight", *NAMES)

    assert code == 3
    assert {"NodeGroupUnreadable", "AgicOwnsGateway", "NotChecked"} <= codes(found)


def test_a_second_cluster_that_exists_is_taken_as_it_is(site: AzureSite, desk: Desk) -> None:
    desk.be(site.add_caller("pair-reader", "Reader"))
    make_cluster(site, "new", kubernetesVersion="1.36", disableLocalAccounts=False)

    _, found = desk.ask("preflight", *NAMES, "--green", "new")

    assert found["looked_at"]["green"]["name"] == "new"
    inside = [f["subject"] for f in found["findings"] if f["code"] == "InsideNotLooked"]
    assert inside == ["blue", "green"]


def test_a_platforms_file_says_what_green_is_to_be(
    site: AzureSite, desk: Desk, tmp_path: Path
) -> None:
    reader = site.add_caller("file-reader", "Reader")
    desk.be(reader)
    file = tmp_path / "platform.yaml"
    example = (rules.ROOT / "examples" / "platform-green.yaml").read_text()
    file.write_text(example.replace("name: new", "name: newest").replace('"1.36"', '"1.99"'))

    code, found = desk.ask("preflight", "--azure", "-f", str(file))

    assert code == 3
    assert found["looked_at"]["green"]["name"] == "newest"
    messages = [f["message"] for f in found["findings"] if f["code"] == "VersionNotOffered"]
    assert len(messages) == 1
    assert "does not offer 1.99 for green" in messages[0]
    assert site.writes_of(reader) == 0


def test_the_gateway_writer_writes_the_gateway_and_does_nothing_else(
    site: AzureSite, desk: Desk
) -> None:
    name = site.add_role(render_role(ROLES[RoleName.GATEWAY_WRITER], site.group))
    writer = site.add_caller("writer", name, site.group)
    gateway = site.id_of(GATEWAYS, "AppGateway")
    desk.be(writer)

    code, found = desk.ask("rights", "--role", "gateway-writer", "--check", "--scope", site.group)

    assert (code, found["missing"], found["beyond"]) == (0, [], [])
    assert site.code_of(writer, "PUT", gateway, site.ask("GET", gateway)) == ""
    site.settle(gateway)
    assert site.code_of(writer, "DELETE", gateway) == "AuthorizationFailed"
    assignment = f"{gateway}/providers/Microsoft.Authorization/roleAssignments/1"
    assert site.code_of(writer, "PUT", assignment, {}) == "AuthorizationFailed"


def test_the_decommissioner_stops_and_deletes_one_cluster(site: AzureSite, desk: Desk) -> None:
    first, second = (site.id_of(CLUSTERS, name) for name in ("doomed", "kept"))
    make_cluster(site, "doomed")
    make_cluster(site, "kept")
    role = render_role(ROLES[RoleName.DECOMMISSIONER], first)
    goer = site.add_caller("goer", site.add_role(role), first)
    desk.be(goer)

    code, _ = desk.ask("rights", "--role", "decommissioner", "--check", "--scope", first)

    assert code == 0
    assert site.code_of(goer, "DELETE", second) == "AuthorizationFailed"
    assert site.code_of(goer, "DELETE", first) == ""


def test_who_holds_more_than_a_role_is_warned_and_who_holds_less_is_refused(
    site: AzureSite, desk: Desk
) -> None:
    desk.be(site.add_caller("contributor", "Contributor"))

    code, out = desk.run("rights", "--role", "gateway-writer", "--check")

    assert code == 0
    assert "WARNING  the caller holds more than this role: *" in out
    reader = site.add_caller("plain-reader", "Reader")
    desk.be(reader)
    code, found = desk.ask("rights", "--role", "provisioner", "--check")
    assert code == 3
    assert "Microsoft.ContainerService/managedClusters/write" in found["missing"]
    assert site.writes_of(reader) == 0
