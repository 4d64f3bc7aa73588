"""An Envoy that is run elsewhere: by the test, with the bootstrap of docs/reference."""

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import yaml
from typing_extensions import override

from bascule.gateway.envoy.binary import find_envoy
from tests.support.pki import Authority

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "envoy-elsewhere.md"
SOON = "0.3s"
"""In place of seconds, for the keepalive and the health checks."""
ADMIN_TIMEOUT_S = 10.0


def write_certificates(folder: Path) -> None:
    """Write what both sides of the mutual TLS present, and whom they trust."""
    authority = Authority()
    (folder / "ca.crt").write_bytes(authority.pem)
    for name, pair in (
        ("server", authority.issue("xds.example.com")),
        ("client", authority.issue("edge-1")),
    ):
        (folder / f"{name}.crt").write_bytes(pair.chain_pem)
        (folder / f"{name}.key").write_bytes(pair.key_pem)


def render_bootstrap(folder: Path, a_port: int, b_port: int) -> str:
    """Return the bootstrap of the page, with the files and ports of a test."""
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert found is not None
    text = found[1].replace("/etc/envoy/", f"{folder}/")
    bootstrap: dict[str, Any] = yaml.safe_load(text)
    bootstrap["admin"]["address"]["pipe"]["path"] = str(folder / "admin.sock")
    (cluster,) = bootstrap["static_resources"]["clusters"]
    cluster["health_checks"][0].update(timeout=SOON, interval=SOON, no_traffic_interval=SOON)
    (options,) = cluster["typed_extension_protocol_options"].values()
    protocol = options["explicit_http_config"]["http2_protocol_options"]
    protocol["connection_keepalive"] = {"interval": SOON, "timeout": SOON}
    ports = (a_port, b_port)
    for group, port in zip(cluster["load_assignment"]["endpoints"], ports, strict=True):
        address = group["lb_endpoints"][0]["endpoint"]["address"]["socket_address"]
        address.update(address="127.0.0.1", port_value=port)
    return yaml.safe_dump(bootstrap)


@contextmanager
def run_envoy(folder: Path, a_port: int, b_port: int) -> Iterator[None]:
    """Run an Envoy that knows two management servers, with the certificates in `folder`."""
    config = folder / "envoy.yaml"
    config.write_text(render_bootstrap(folder, a_port, b_port))
    command = [str(find_envoy()), "-c", str(config), "--disable-hot-restart", "--concurrency", "1"]
    with (folder / "envoy.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


class _UnixConnection(HTTPConnection):
    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(ADMIN_TIMEOUT_S)
        self.sock.connect(self.host)


def read_admin(folder: Path, target: str) -> bytes:
    """Return what Envoy's admin interface answers."""
    line = _UnixConnection(str(folder / "admin.sock"))
    try:
        line.request("GET", target, headers={"host": "admin"})
        return line.getresponse().read()
    finally:
        line.close()
