"""`python -m bascule.lab.story.azure.pool`: writes pods of clusters into an application gateway.

The demonstration's own stand-in for a driver of application gateways, which Bascule has not yet.
It writes the whole pool in one PUT, and returns when the gateway says that every pod is healthy.
"""

import argparse
import asyncio
import copy
import json
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from bascule.errors import BasculeError, TransportError
from bascule.lab.shop.deploy import load_target
from bascule.lab.shop.manifests import API_HOST, CONTAINER_PORT
from bascule.lab.story.azure.arm import NETWORK_VERSION, ArmClient, Document, open_arm
from bascule.lab.story.azure.shop import fetch_addresses
from bascule.lab.supervisor.description import LabDirectory

PROBE = "bascule-demo"
DRAIN_S = 5
HEALTHY_LIMIT_S = 30.0
POLL_S = 0.2


def main(arguments: list[str] | None = None) -> int:
    """Write the pool; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bascule.lab.story.azure.pool")
    parser.add_argument("--lab", type=Path, required=True, help="the lab's directory")
    parser.add_argument("--gateway", required=True, help="the gateway's id")
    parser.add_argument("kubeconfigs", type=Path, nargs="+", help="the clusters that get requests")
    options = parser.parse_args(arguments)
    try:
        said = asyncio.run(_write(LabDirectory(options.lab), options.gateway, options.kubeconfigs))
    except BasculeError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


async def _write(lab: LabDirectory, gateway: str, kubeconfigs: Iterable[Path]) -> Document:
    addresses = [
        address
        for kubeconfig in kubeconfigs
        for address in await fetch_addresses(load_target(kubeconfig))
    ]
    async with open_arm(lab) as arm:
        return await write_pool(arm, gateway, addresses)


async def write_pool(arm: ArmClient, gateway: str, addresses: Sequence[str]) -> Document:
    """Make `addresses` the pool and return when all are healthy.

    Raises ApiError where Azure refuses, TransportError where they do not get healthy.
    """
    begun_s = time.monotonic()
    document = await arm.get(gateway, NETWORK_VERSION)
    if document is None:
        raise TransportError(f"there is no gateway {gateway}")
    wanted = with_pool(document, addresses)
    await arm.put(gateway, NETWORK_VERSION, wanted, etag=document["etag"])
    written_s = time.monotonic()
    await _wait_healthy(arm, gateway, addresses)
    return {
        "addresses": list(addresses),
        "put_s": round(written_s - begun_s, 3),
        "healthy_s": round(time.monotonic() - written_s, 3),
    }


def with_pool(document: Document, addresses: Iterable[str]) -> Document:
    """Return a gateway's document with these addresses in its pool, and a probe for them.

    All else stays as it is.
    """
    wanted = copy.deepcopy(document)
    properties = wanted["properties"]
    pool = properties["backendAddressPools"][0]["properties"]
    pool["backendAddresses"] = [{"ipAddress": each} for each in addresses]
    settings = properties["backendHttpSettingsCollection"][0]["properties"]
    settings["port"] = CONTAINER_PORT
    settings["connectionDraining"] = {"enabled": True, "drainTimeoutInSec": DRAIN_S}
    settings["probe"] = {"id": f"{document['id']}/probes/{PROBE}"}
    others = [each for each in properties.get("probes") or () if each["name"] != PROBE]
    properties["probes"] = [*others, _probe()]
    return wanted


def find_unhealthy(health: Document, addresses: Iterable[str]) -> tuple[str, ...]:
    """Return which of the addresses a gateway's backend health does not call healthy."""
    healthy = {
        server["address"]
        for pool in health.get("backendAddressPools") or ()
        for settings in pool.get("backendHttpSettingsCollection") or ()
        for server in settings.get("servers") or ()
        if server.get("health") == "Healthy"
    }
    return tuple(each for each in addresses if each not in healthy)


async def _wait_healthy(arm: ArmClient, gateway: str, addresses: Sequence[str]) -> None:
    deadline_s = time.monotonic() + HEALTHY_LIMIT_S
    while True:
        health = await arm.post(f"{gateway}/backendhealth", NETWORK_VERSION)
        unhealthy = find_unhealthy(health, addresses)
        if not unhealthy:
            return
        if time.monotonic() > deadline_s:
            raise TransportError(
                f"not healthy after {HEALTHY_LIMIT_S:g} s: {', '.join(unhealthy)}",
                remedy="look at the gateway's backend health",
            )
        await asyncio.sleep(POLL_S)


def _probe() -> Document:
    return {
        "name": PROBE,
        "properties": {
            "protocol": "Http",
            "host": API_HOST,
            "path": "/healthz",
            "interval": 2,
            "timeout": 2,
            "unhealthyThreshold": 3,
        },
    }


if __name__ == "__main__":
    sys.exit(main())
