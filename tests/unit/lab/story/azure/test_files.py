from pathlib import Path

import yaml

from bascule.lab.story.azure.files import (
    GATEWAY_FILE,
    build_gateway,
    build_platform,
    build_upgrade,
    find_platform,
    write_file,
)
from bascule.lab.story.azure.settings import AzureSettings
from bascule.spec.appgw import AppGwEnvoyGateway
from bascule.spec.load import parse_gateway, parse_platform, parse_upgrade

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


def test_the_product_reads_the_gateway_and_the_upgrade_that_moves_one_host_before_the_others(
    tmp_path: Path,
) -> None:
    content = build_platform(CLOUD)[1]
    gateway_file, upgrade_file = tmp_path / GATEWAY_FILE, tmp_path / "upgrade.yaml"

    write_file(gateway_file, build_gateway(tmp_path, "127.255.0.1", content, envoy_port=None))
    write_file(upgrade_file, build_upgrade(AzureSettings()))

    gateway = parse_gateway(gateway_file.read_text(), gateway_file)
    upgrade = parse_upgrade(upgrade_file.read_text(), upgrade_file, Path.read_text)
    assert gateway.gateway.type == upgrade.gateway.gateway.type == "appgw"
    assert [listener.address for listener in gateway.listeners] == ["127.255.0.1"] * 2
    assert gateway.clusters.green.awaited is True
    assert [(step.hosts, step.weight_bp) for step in upgrade.steps] == [
        (("api.example.test",), 0),
        ((), 10_000),
    ]
    assert upgrade.hooks == ()


def test_envoys_behind_the_gateway_get_shares(tmp_path: Path) -> None:
    content = build_platform(CLOUD)[1]
    gateway_file, upgrade_file = tmp_path / GATEWAY_FILE, tmp_path / "upgrade.yaml"

    write_file(gateway_file, build_gateway(tmp_path, "127.255.0.1", content, envoy_port=9090))
    write_file(upgrade_file, build_upgrade(AzureSettings(envoys=True)))

    upgrade = parse_upgrade(upgrade_file.read_text(), upgrade_file, Path.read_text)
    kind = upgrade.gateway.gateway
    assert isinstance(kind, AppGwEnvoyGateway)
    assert kind.envoys.port == 9090
    assert [step.weight_bp for step in upgrade.steps] == [500, 2_500, 10_000]


def test_what_takes_longer_is_held_longer() -> None:
    fast, real = AzureSettings(), AzureSettings(model="real", speed=30.0)

    assert build_upgrade(fast)["bake"] == {"hold": "2s"}
    assert build_upgrade(real)["bake"] == {"hold": "6s"}
    assert build_upgrade(fast)["retire"]["idle"] == build_upgrade(real)["retire"]["idle"] == "4s"
