import configparser
import stat
from pathlib import Path

from bascule.lab.arm.az_config import write_az_config


def test_az_finds_its_cloud_and_asks_nobody_else(tmp_path: Path) -> None:
    write_az_config(tmp_path / "az", "https://localhost:8443")

    clouds, settings = configparser.ConfigParser(), configparser.ConfigParser()
    clouds.read(tmp_path / "az/clouds.config")
    settings.read(tmp_path / "az/config")
    assert clouds["lab"]["endpoint_resource_manager"] == "https://localhost:8443"
    assert clouds["lab"]["endpoint_microsoft_graph_resource_id"] == "https://localhost:8443/"
    assert settings["cloud"]["name"] == "lab"
    assert settings["core"]["instance_discovery"] == "false"
    assert settings["core"]["collect_telemetry"] == "false"
    assert stat.S_IMODE((tmp_path / "az/config").stat().st_mode) == 0o600
