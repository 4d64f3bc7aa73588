"""One process, one Azure: ARM, sign-in and Graph over HTTPS, the metadata service over HTTP.

It keeps everything in the lab's directory; killed at any moment and started again, it has the same
resources, principals, certificates and port.
"""

import asyncio
import os
import secrets
import signal
import ssl
from pathlib import Path
from typing import Final

import msgspec

from bascule.lab.arm.assembly import Ground, LabAzure
from bascule.lab.arm.az_config import write_az_config
from bascule.lab.arm.entra.issuers import HttpIssuers
from bascule.lab.arm.server import ADDRESS, ArmServer
from bascule.lab.kubeapi.access.certificates import Certificates, write_private
from bascule.lab.supervisor.description import AzureDescription, LabDirectory
from bascule.lab.wall_clock import WallClock

HOST: Final = "localhost"
PORT_FILE: Final = "ports.json"
STOP_LIMIT_S: Final = 6.0


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """Where both servers listened the last time."""

    arm: int = 0
    imds: int = 0


async def run_azure(directory: LabDirectory, description: AzureDescription) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    home = directory.azure
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.azure_ready.unlink(missing_ok=True)
    clock = WallClock()
    certificates = Certificates(home / "pki", clock=clock, address=ADDRESS)
    write_private(directory.authority, certificates.authority_pem)
    server = ArmServer(_server_context(certificates))
    before = _load_ports(home / PORT_FILE)
    arm, imds = await server.open(before.arm, before.imds)
    ports = Ports(arm=arm, imds=imds)
    write_private(home / PORT_FILE, msgspec.json.encode(ports))
    ground = Ground(
        clock=clock,
        url=f"https://{HOST}:{ports.arm}",
        signing_key=certificates.token_key,
        make_secret=lambda: secrets.token_hex(20),
        issuer_keys=HttpIssuers(certificates.authority_pem).keys,
        entropy=os.urandom(16),
        state=home / "state.json",
        directory=directory.path,
    )
    azure = LabAzure(description, ground)
    try:
        async with azure.running():
            server.serve(azure)
            _publish(directory, azure, ports)
            await stop.wait()
            directory.azure_ready.unlink(missing_ok=True)
            await asyncio.wait_for(server.close(), STOP_LIMIT_S)
    finally:
        directory.azure_ready.unlink(missing_ok=True)


def _server_context(certificates: Certificates) -> ssl.SSLContext:
    context = certificates.server_context()
    context.verify_mode = ssl.CERT_NONE
    return context


def _load_ports(path: Path) -> Ports:
    return msgspec.json.decode(path.read_bytes(), type=Ports) if path.exists() else Ports()


def _publish(directory: LabDirectory, azure: LabAzure, ports: Ports) -> None:
    identity, url = azure.identity, azure.world.settings.url
    access = {
        "url": url,
        "imdsUrl": f"http://{ADDRESS}:{ports.imds}",
        "tenantId": identity.tenant_id,
        "subscriptionId": identity.subscription_id,
        "clientId": identity.first_app_id,
        "clientSecret": identity.first_secret,
        "labSecret": identity.admin_secret,
        "location": azure.world.settings.location,
    }
    write_private(directory.azure_access, msgspec.json.encode(access))
    write_private(directory.azure_secret, identity.first_secret.encode())
    write_az_config(directory.azure_config, url)
    write_private(directory.azure_ready, msgspec.json.encode({"pid": os.getpid(), "url": url}))
