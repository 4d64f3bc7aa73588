from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it has no types
import pytest

from bascule.ids import Cluster
from bascule.spec.document import parse_documents
from bascule.spec.load import parse_upgrade
from bascule.spec.schema import upgrade_schema
from bascule.spec.upgrade import AzurePlatform, Upgrade
from tests.support.specs import EXAMPLES, UPGRADES, read_upgrade


@pytest.mark.parametrize("file", UPGRADES, ids=lambda file: file.stem)
def test_every_example_is_read_and_fits_the_schema(file: Path) -> None:
    (document,) = parse_documents(file.read_text(), str(file))

    parse_upgrade(file.read_text(), file, Path.read_text)
    jsonschema.Draft202012Validator(upgrade_schema()).validate(document.value)


def test_the_example_shows_every_setting() -> None:
    (document,) = parse_documents((EXAMPLES / "upgrade.yaml").read_text(), "upgrade.yaml")

    assert isinstance(document.value, dict)
    named = {field.alias or name for name, field in Upgrade.model_fields.items()}
    assert set(document.value) == named


def test_the_gateway_is_the_one_that_bascule_run_would_use() -> None:
    gateway = read_upgrade("  holdOffMs: 7\n").gateway_model()

    assert (gateway.name, gateway.active, gateway.hold_off_ms) == ("shop", Cluster.BLUE, 7)
    assert gateway.clusters.green.context == "new"
    assert gateway.clusters.blue.kubeconfig == Path("dir/k.yaml")


@pytest.mark.parametrize("text", ["off", "false", '"off"', "null"])
def test_preview_can_be_off(text: str) -> None:
    assert read_upgrade(f"preview: {text}\n").preview is None


def test_preview_is_on() -> None:
    preview = read_upgrade().preview

    assert preview is not None
    assert preview.header == "x-bascule-preview"


def test_each_cluster_is_reached_as_the_platform_says() -> None:
    platform = read_upgrade().platform

    assert [platform.of(cluster).context for cluster in Cluster] == ["old", "new"]


AZURE = """\
name: shop-1-36
platform:
  type: azure
  file: platform.yaml
  blue: {kubeconfig: kube/old.yaml}
  green: {kubeconfig: kube/new.yaml}
gateway: {name: shop}
"""


def test_clusters_of_a_platform_may_not_be_there_yet() -> None:
    upgrade = parse_upgrade(AZURE, "dir/upgrade.yaml", str)

    platform = upgrade.platform
    assert isinstance(platform, AzurePlatform)
    assert platform.file == Path("dir/platform.yaml")
    assert (platform.keep_green, platform.stopped_s) == (False, 3_600.0)
    for cluster in Cluster:
        access = upgrade.gateway_model().clusters.of(cluster)
        assert access.awaited is True
        assert access.is_same(platform.of(cluster))
        assert not access.is_same(platform.of(cluster.other))
