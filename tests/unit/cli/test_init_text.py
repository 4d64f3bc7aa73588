"""The text that `bascule init` writes: that it is read again, and says what was found."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bascule.checks.inventory import ClusterFacts
from bascule.checks.preflight import check_all
from bascule.cli.init_text import HOSTS_MAX, Draft, build_text, to_label
from bascule.ids import Cluster
from bascule.manifest.objects import ManifestObject
from bascule.spec.load import parse_upgrade
from bascule.spec.traffic import default_steps
from bascule.spec.upgrade import Upgrade
from tests.support.inventories import facts, inventory
from tests.support.raw_objects import parsed, raw_ingress, raw_service, raw_slice
from tests.support.specs import no_file


def _draft(
    blue: ClusterFacts | Sequence[ManifestObject] | None = None,
    green: ClusterFacts | Sequence[ManifestObject] | None = None,
    *,
    contexts: Mapping[Cluster, str] | None = None,
    used_ports: frozenset[int] = frozenset(),
) -> Draft:
    found = inventory(blue, green)
    return Draft(
        name="old-to-new",
        gateway="shop",
        kubeconfigs={Cluster.BLUE: "~/.kube/config", Cluster.GREEN: "/etc/kube/new config"},
        contexts=contexts or {Cluster.BLUE: "old", Cluster.GREEN: "new"},
        inventory=found,
        findings=check_all(found),
        classes={"bascule": 2, "": 1},
        used_ports=used_ports,
    )


def _read(draft: Draft) -> Upgrade:
    return parse_upgrade(build_text(draft, file="upgrade.yaml"), "/somewhere/upgrade.yaml", no_file)


def test_what_is_written_is_read_again() -> None:
    upgrade = _read(_draft())

    assert (upgrade.name, upgrade.gateway.name) == ("old-to-new", "shop")
    assert upgrade.platform.blue.kubeconfig == Path.home() / ".kube/config"
    assert upgrade.platform.green.kubeconfig == Path("/etc/kube/new config")
    assert upgrade.steps == default_steps()
    assert upgrade.gateway.ingress_classes == ("bascule",)


def test_the_whole_text_is_like_this() -> None:
    text = build_text(_draft(), file="upgrade.yaml")

    assert text.partition("\n# What green gets")[0] == WHOLE


WHOLE = """\
# Written by `bascule init` on 2026-06-01, from what it found.
# Look through it, then:
#   bascule plan -f upgrade.yaml            shows every step; nothing is changed
#   bascule upgrade start -f upgrade.yaml   runs it
# All settings: docs/reference/upgrade-yaml.md, and examples/upgrade.yaml.

name: old-to-new

platform:
  type: existing
  blue:             # v1.30.1, objects of kind Ingress: 1
    kubeconfig: ~/.kube/config
    context: old
  green:            # v1.33.2, objects of kind Ingress: 1
    kubeconfig: "/etc/kube/new config"
    context: new

gateway:
  name: shop
  listeners:                      # 0.0.0.0 serves the network
    - {name: http, address: 127.0.0.1, port: 8080}
    - {name: https, address: 127.0.0.1, port: 8443, tls: true}   # no host has TLS
  # The classes of blue's Ingresses, and how many: bascule (2), none (1).
  ingressClasses:
    - bascule

# What these classes serve: 1 host with 1 route.
#   shop.example.com: 1 route
"""


def test_what_green_lacks_is_told_host_by_host() -> None:
    blue = parsed(raw_ingress(paths=["/", "/a", "/b"]), raw_service(), raw_slice())
    green = parsed(raw_ingress(paths=["/"]), raw_service(), raw_ingress("x", host="x.example.com"))

    text = build_text(_draft(blue, green), file="upgrade.yaml")

    line = "#   shop.example.com: 3 routes, green lacks /a and 1 more, "
    assert line + "green has no ready endpoint for /\n" in text
    assert "#   x.example.com: 1 route, blue lacks /\n" in text
    assert "# To look at before it starts:\n#   warning: " in text


def test_hosts_with_tls_and_ports_in_use_are_told() -> None:
    blue = parsed(raw_ingress(tls_secret="shop-tls"), raw_service(), raw_slice())

    text = build_text(_draft(blue, blue, used_ports=frozenset({8080})), file="upgrade.yaml")

    assert "port: 8080}   # in use on this machine now\n" in text
    assert "port: 8443, tls: true}\n" in text
    assert "shop.example.com: 1 route, TLS without a certificate\n" in text


def test_of_many_hosts_the_first_are_listed() -> None:
    blue = parsed(*(raw_ingress(f"i{n}", host=f"h{n:03}.example.com") for n in range(70)))

    text = build_text(_draft(blue, []), file="upgrade.yaml")

    assert f"#   and {70 - HOSTS_MAX} more\n" in text


def test_without_any_host_the_text_is_good_too() -> None:
    draft = _draft([], [])

    assert _read(draft).name == "old-to-new"
    assert "host: shop.example.com, path: /" in build_text(draft, file="upgrade.yaml")


@pytest.mark.parametrize(
    ("text", "label"),
    [("Shop 1.36", "shop-1-36"), ("--", "upgrade"), ("a" * 80, "a" * 63), ("ü", "upgrade")],
)
def test_a_name_becomes_a_label(text: str, label: str) -> None:
    assert to_label(text, "upgrade") == label


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(blue=_TEXTS, green=_TEXTS, version=_TEXTS)
@settings(max_examples=25, deadline=None)
def test_no_name_from_outside_breaks_out_of_its_place(blue: str, green: str, version: str) -> None:
    contexts = {Cluster.BLUE: blue, Cluster.GREEN: green}

    upgrade = _read(_draft(facts(version=version), contexts=contexts))

    assert upgrade.platform.blue.context == blue
    assert upgrade.platform.green.context == green
