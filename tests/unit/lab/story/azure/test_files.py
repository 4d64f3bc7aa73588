from pathlib import Path

import yaml

from bascule.lab.story.azure.files import (
    ALONE,
    BOTH,
    build_platform,
    build_upgrade,
    find_platform,
    write_file,
)
from bascule.lab.supervisor.description import LabDirectory
from bascule.spec.load import parse_platform, parse_upgrade

CLOUD = "https://localhost:8443"
SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555"


def test_the_platform_is_the_articles_and_green_comes_to_it_later() -> None:
    before, after = build_platform(CLOUD)

    first = parse_platform(yaml.safe_dump(before), "platform.yaml")
    second = parse_platform(yaml.safe_dump(after), "platform.yaml")

    assert first.clusters.green is None
    assert second.clusters.green is not None
    assert (first.cloud, first.gateway.port) == (CLOUD, 8080)
    assert first.clusters.blue == second.clusters.blue


def test_the_platforms_parts_are_found_by_its_names() -> None:
    platform = find_platform(build_platform(CLOUD)[1], SUBSCRIPTION)

    group = f"{SUBSCRIPTION}/resourceGroups/AKS_Upgrade/providers"
    assert platform.gateway == f"{group}/Microsoft.Network/applicationGateways/AppGateway"
    assert platform.public_ip == f"{group}/Microsoft.Network/publicIPAddresses/AppGatewayIp"
    assert [platform.name_of(cluster) for cluster in ("blue", "green")] == ["old", "new"]


def test_the_upgrade_is_one_that_the_product_reads_and_its_hooks_write_the_pool_after_each_step(
    tmp_path: Path,
) -> None:
    platform = find_platform(build_platform(CLOUD)[1], SUBSCRIPTION)
    path = tmp_path / "upgrade.yaml"

    write_file(path, build_upgrade(tmp_path, 18080, LabDirectory(tmp_path / "lab"), platform))

    spec = parse_upgrade(path.read_text(), path, Path.read_text)
    both, alone = spec.hooks
    blue, green = (str(tmp_path / "kube" / f"{name}.yaml") for name in ("blue", "green"))
    assert [(hook.name, hook.after) for hook in spec.hooks] == [
        (BOTH, "shift-50"),
        (ALONE, "shift-100"),
    ]
    assert (both.run[-2:], alone.run[-1]) == ((blue, green), green)
    assert both.undo is not None
    assert alone.undo == both.run
    assert both.undo[-1] == blue
    assert green not in both.undo
    assert spec.gateway.ingress_classes == ("bascule-demo",)
    assert "10." not in str(spec.gateway.listeners)
