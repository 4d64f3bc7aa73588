"""The lab's Azure as seen from outside: the machine's one lock, how to reach it, what it says."""

import errno
import fcntl
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from bascule.errors import ApiError, UsageError
from bascule.lab.supervisor.description import LabDirectory
from bascule.lab.supervisor.networks import Network
from bascule.lab.supervisor.processes import load_record

SENTINEL: Final = ("127.255.255.254", 53_998)
"""Bound by the one lab with an Azure, for labs of other users to see."""
SECRET: Final = "AZURE_CLIENT_SECRET"  # noqa: S105 - the name of a variable
ADMIN_TIMEOUT_S: Final = 10.0


class AzureAccess(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """How to reach a lab's Azure, and how its first service principal signs in."""

    url: str
    imds_url: str
    tenant_id: str
    subscription_id: str
    client_id: str
    client_secret: str
    lab_secret: str
    location: str


class AzureStatus(msgspec.Struct, frozen=True, kw_only=True):
    """A lab's Azure; `url` is empty while it does not serve."""

    state: str
    pid: int | None
    url: str
    subscription: str
    latency_model: str
    clusters: int = 0
    """How many run."""
    gateways: int = 0


def hold_azure(locks: Path, lab: Path) -> Network:
    """Return the machine's one place for a lab with an Azure. Raises UsageError if it is taken."""
    path = locks / "azure.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        sentinel = _sentinel()
    except OSError as error:
        os.close(descriptor)
        raise UsageError(
            f"another lab with --azure runs on this machine: {path.read_text() or 'unknown'}",
            remedy="end it first with `bascule lab down --name NAME`: its addresses are the "
            "machine's, and there can be one such lab",
        ) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(lab).encode())
    return Network("", (descriptor, *sentinel))


def load_access(directory: LabDirectory) -> AzureAccess:
    """Return how to reach the Azure of a lab that runs. Raises UsageError."""
    try:
        return msgspec.json.decode(directory.azure_access.read_bytes(), type=AzureAccess)
    except FileNotFoundError as error:
        name = directory.path.name
        raise UsageError(
            f"lab {name!r} has no Azure that runs",
            remedy=f"start one with `bascule lab up --azure --name {name}`",
        ) from error


def azure_status(directory: LabDirectory, latency_model: str) -> AzureStatus:
    """Return how a lab's Azure is, from its files and its process alone."""
    record = load_record(directory.azure_pid)
    ready = _load(directory.azure_ready) if record else {}
    is_ready = record is not None and ready.get("pid") == record.pid
    subscription = ""
    if directory.azure_access.exists():
        subscription = load_access(directory).subscription_id
    return AzureStatus(
        state="running" if is_ready else ("starting" if record else "stopped"),
        pid=record.pid if record else None,
        url=str(ready.get("url", "")) if is_ready else "",
        subscription=subscription,
        latency_model=latency_model,
        clusters=_count_running(directory, "clusters"),
        gateways=_count_running(directory, "gateways"),
    )


def azure_exports(directory: LabDirectory) -> dict[str, str]:
    """Return the variables with which az, the SDKs and Bascule find a lab's Azure."""
    access, authority = load_access(directory), str(directory.authority)
    return {
        "AZURE_TENANT_ID": access.tenant_id,
        "AZURE_CLIENT_ID": access.client_id,
        SECRET: access.client_secret,
        "AZURE_SUBSCRIPTION_ID": access.subscription_id,
        "AZURE_AUTHORITY_HOST": access.url,
        "AZURE_POD_IDENTITY_AUTHORITY_HOST": access.imds_url,
        "AZURE_CONFIG_DIR": str(directory.azure_config),
        "AZURE_CORE_COLLECT_TELEMETRY": "false",
        "AZURE_CORE_INSTANCE_DISCOVERY": "false",
        "ARM_CLOUD_METADATA_URL": f"{access.url}/metadata/endpoints?api-version=2019-05-01",
        "AZURE_RESOURCE_MANAGER_ENDPOINT": access.url,
        "AZURE_METADATA_ENDPOINT": f"{access.url}/metadata/endpoints?api-version=2022-09-01",
        "REQUESTS_CA_BUNDLE": authority,
        "SSL_CERT_FILE": authority,
    }


async def ask_azure(
    directory: LabDirectory, method: str, page: str, body: Mapping[str, Any] | None = None
) -> Any:
    """Ask a page of the lab itself, such as `faults`. Raises ApiError, or UsageError."""
    import ssl

    import aiohttp

    access = load_access(directory)
    context = ssl.create_default_context(cafile=str(directory.authority))
    timeout = aiohttp.ClientTimeout(total=ADMIN_TIMEOUT_S)
    headers = {"x-lab-secret": access.lab_secret}
    try:
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            session.request(method, f"{access.url}/lab/{page}", json=body, ssl=context) as response,
        ):
            content = await response.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise UsageError(
            f"the Azure of lab {directory.path.name!r} does not answer",
            remedy=f"look at `bascule lab status` and {directory.azure_log}",
        ) from error
    answer = msgspec.json.decode(content) if content else None
    if response.status >= 400:
        raise ApiError(
            str((answer or {}).get("error", {}).get("message", "refused")), status=response.status
        )
    return answer


def _count_running(directory: LabDirectory, kind: str) -> int:
    """Return in how many directories of a kind a process is alive."""
    files = directory.path.glob(f"{kind}/*/*.pid")
    return len({path.parent for path in files if load_record(path) is not None})


def _sentinel() -> tuple[int, ...]:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.bind(SENTINEL)
    except OSError as error:
        sock.close()
        if error.errno != errno.EADDRINUSE:
            # No loopback aliases here; the file's lock has to do.
            return ()
        raise
    return (sock.detach(),)


def _load(path: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = msgspec.json.decode(path.read_bytes())
    except (FileNotFoundError, msgspec.DecodeError):
        return {}
    return content
