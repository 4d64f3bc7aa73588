"""The configuration of the real az for the lab's cloud, so that `az login` works at once."""

import configparser
import io
from collections.abc import Mapping
from pathlib import Path

from bascule.lab.arm.entra.metadata import CLOUD
from bascule.lab.kubeapi.access.certificates import write_private


def write_az_config(directory: Path, url: str) -> None:
    """Write AZURE_CONFIG_DIR's two files (0600); what a user has added to them is overwritten."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    cloud = {
        "endpoint_resource_manager": url,
        "endpoint_active_directory": url,
        "endpoint_active_directory_resource_id": url,
        "endpoint_microsoft_graph_resource_id": f"{url}/",
        "endpoint_management": url,
        "endpoint_gallery": f"{url}/",
    }
    settings = {
        "cloud": {"name": CLOUD},
        "core": {
            "collect_telemetry": "false",
            "instance_discovery": "false",
            "login_experience_v2": "off",
            "survey_message": "no",
        },
        "auto-upgrade": {"enable": "no"},
    }
    write_private(directory / "clouds.config", _ini({CLOUD: cloud}))
    write_private(directory / "config", _ini(settings))


def _ini(sections: Mapping[str, Mapping[str, str]]) -> bytes:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict(sections)
    text = io.StringIO()
    parser.write(text)
    return text.getvalue().encode()
