"""Asks an Envoy's admin socket what it does now; it changes nothing there."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bascule.errors import TransportError
from bascule.gateway.driver import ClusterTraffic
from bascule.gateway.envoy.stance import LAYER_NAME
from bascule.ids import Cluster

TIMEOUT_S = 3.0
_LISTENING = r"^listener_manager\.(workers_started|total_listeners_warming)$"
TRAFFIC = "upstream_rq_total|upstream_rq_active|membership_healthy|upstream_rq_5xx"
_LINE = re.compile(rf"^cluster\.(blue|green)/.*\.({TRAFFIC}): (\d+)$", re.MULTILINE)


class AdminClient:
    """One Envoy's admin interface on a unix socket."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def fetch_text(self, path: str, **query: str) -> str:
        """Return the body of a GET. Raises TransportError when no answer 200 came."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        connector = aiohttp.UnixConnector(path=str(self._socket))
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout) as http,
                http.get(f"http://envoy{path}", params=query) as answer,
            ):
                text = await answer.text()
                if answer.status != 200:
                    raise TransportError(f"Envoy answered {answer.status} to {path}")
                return text
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TransportError(
                f"no answer from Envoy at {self._socket}: {str(error) or type(error).__name__}",
                remedy="see whether Envoy runs; its log is envoy.log in the state directory",
            ) from error

    async def fetch_json(self, path: str, **query: str) -> Any:
        """Return the body of a GET as JSON."""
        import json

        return json.loads(await self.fetch_text(path, **query))

    async def is_ready(self) -> bool:
        """Whether this Envoy serves, its ports open; False when it cannot be asked."""
        try:
            is_live = (await self.fetch_text("/ready")).startswith("LIVE")
            return is_live and await self.is_listening()
        except TransportError:
            return False

    async def fetch_traffic(self) -> Mapping[Cluster, ClusterTraffic]:
        """Return what this Envoy counts for each cluster, summed over its backends."""
        return sum_traffic(await self._fetch_stats(rf"^cluster\.(blue|green)/.*\.({TRAFFIC})$"))

    async def fetch_healthy(self, cluster: Cluster) -> int:
        """Return how many endpoints of `cluster` this Envoy would send requests to."""
        text = await self._fetch_stats(rf"^cluster\.{cluster}/.*\.membership_healthy$")
        return sum_traffic(text)[cluster].endpoints_healthy

    async def _fetch_stats(self, regex: str) -> str:
        return await self.fetch_text("/stats", usedonly="", filter=regex)

    async def is_listening(self) -> bool:
        """Whether this Envoy accepts connections on every listener that it was given."""
        text = await self.fetch_text("/stats", filter=_LISTENING)
        found = dict(line.split(": ") for line in text.splitlines() if ": " in line)
        return (
            found.get("listener_manager.workers_started") == "1"
            and found.get("listener_manager.total_listeners_warming") == "0"
        )

    async def fetch_route_versions(self) -> list[str]:
        """Return the versions of the route sets that are in force."""
        answer = await self.fetch_json(
            "/config_dump", resource="dynamic_route_configs", mask="version_info"
        )
        return [str(item["version_info"]) for item in answer.get("configs", ())]

    async def fetch_runtime(self) -> Mapping[str, str]:
        """Return the runtime keys of ours that are in force."""
        answer = await self.fetch_json("/runtime")
        entries = answer.get("entries", {})
        if LAYER_NAME not in answer.get("layers", ()):
            return {}
        return {key: str(entry["final_value"]) for key, entry in entries.items()}


def sum_traffic(text: str) -> Mapping[Cluster, ClusterTraffic]:
    """Return the figures of a statistics page, summed by cluster."""
    sums: dict[Cluster, dict[str, int]] = {cluster: {} for cluster in Cluster}
    for name, statistic, value in _LINE.findall(text):
        totals = sums[Cluster(name)]
        totals[statistic] = totals.get(statistic, 0) + int(value)
    return {
        cluster: ClusterTraffic(
            requests_total=totals.get("upstream_rq_total", 0),
            requests_active=totals.get("upstream_rq_active", 0),
            endpoints_healthy=totals.get("membership_healthy", 0),
            failures_total=totals.get("upstream_rq_5xx", 0),
        )
        for cluster, totals in sums.items()
    }
