"""Asks an Envoy's admin socket what it does now; it changes nothing there."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bascule.errors import TransportError
from bascule.gateway.envoy import previews
from bascule.gateway.envoy.previews import Counted
from bascule.gateway.envoy.stance import LAYER_NAME
from bascule.gateway.envoy.statistics import FIGURES, LATENCY, Pages, sum_traffic
from bascule.gateway.envoy.steps import take_steps
from bascule.ids import Cluster

TIMEOUT_S = 3.0
_LISTENING = r"^listener_manager\.(workers_started|total_listeners_warming)$"
_BACKEND = r"cluster\.(blue|green)(-\d+)?/[^.]+\."


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

    async def fetch_counted(self, *, has_latency: bool) -> Mapping[Cluster, Counted]:
        """Return what this Envoy counts for each cluster, summed over its backends.

        Latencies are asked for by themselves: each question keeps Envoy's main thread for a few
        milliseconds at a thousand routes, and what is pushed to it waits for that long.
        """
        numbers = await self._fetch_figures(FIGURES, previews.FIGURES)
        histograms = None
        if has_latency:
            histograms = await self._fetch_figures(
                (LATENCY,), (LATENCY,), type="Histograms", histogram_buckets="cumulative"
            )
        return await take_steps(sum_traffic(Pages(numbers=numbers, histograms=histograms)))

    async def _fetch_figures(
        self, names: Iterable[str], of_previews: Iterable[str], **query: str
    ) -> str:
        backends = f"{_BACKEND}({'|'.join(names)})"
        regex = f"^({backends}|{previews.PATTERN}({'|'.join(of_previews)}))$"
        return await self.fetch_text("/stats", usedonly="", filter=regex, **query)

    async def has_healthy(self, tag: str) -> bool:
        """Whether this Envoy has an endpoint of the cluster of that tag to send requests to."""
        regex = rf"^cluster\.{tag}/.*\.membership_healthy$"
        text = await self.fetch_text("/stats", usedonly="", filter=regex)
        return any(not line.endswith(": 0") for line in text.splitlines() if line)

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
