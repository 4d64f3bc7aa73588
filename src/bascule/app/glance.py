"""A glance at an Envoy that nobody looks after: whether it runs and serves, and what it counts.

It asks the admin socket without aiohttp and an event loop, since `bascule status` starts fast.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bascule.app.state_dir import StateDir
from bascule.errors import TransportError
from bascule.ids import Cluster
from bascule.routing.naming import choose_newest

ANSWER_S = 3.0
NAME_BY_STATISTIC: Mapping[str, str] = {
    "upstream_rq_total": "requests_total",
    "upstream_rq_active": "requests_active",
    "membership_healthy": "endpoints_healthy",
    "upstream_rq_5xx": "failures_total",
}
_STATISTICS = "|".join(NAME_BY_STATISTIC)
_STATS = (
    "/stats?usedonly=&filter=%5Ecluster%5C.(blue%7Cgreen)(-%5Cd%2B)?/.*%5C."
    f"({_STATISTICS.replace('|', '%7C')})%24"
)
_LINE = rf"^cluster\.((?:blue|green)(?:-\d+)?)/.*\.({_STATISTICS}): (\d+)$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """What was seen; `pid` None: no Envoy of this gateway runs here."""

    pid: int | None
    reason: str
    traffic: Mapping[Cluster, Mapping[str, int]] = field(default_factory=dict)
    """Empty when Envoy did not answer: not known."""


def look_at_envoy(state_dir: StateDir) -> Glance:
    """Return what can be seen of the gateway's Envoy now."""
    pid = _find_running(state_dir.path)
    if pid is None:
        return Glance(pid=None, reason="no Envoy of this gateway runs here")
    try:
        is_ready = _fetch(state_dir.admin_socket, "/ready").startswith("LIVE")
        page = _fetch(state_dir.admin_socket, _STATS)
    except TransportError as error:
        return Glance(pid=pid, reason=error.message)
    serves = "serves its last configuration" if is_ready else "does not serve yet"
    return Glance(
        pid=pid,
        reason=f"no runtime: Envoy {serves}; whether it is what the journal says is not known",
        traffic=_sum(page),
    )


def _find_running(state: Path) -> int | None:
    """Return the process id in envoy.pid if that process is the Envoy of this directory."""
    try:
        pid = int((state / "envoy.pid").read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except (OSError, ValueError):
        return None
    return pid if str(state / "envoy.json") in command else None


def _fetch(admin: Path, target: str) -> str:
    from bascule.app.asking import exchange  # imports socket: only where there is somebody to ask

    request = f"GET {target} HTTP/1.1\r\nHost: envoy\r\nConnection: close\r\n\r\n"
    try:
        answer = exchange(admin, request.encode(), ANSWER_S)
    except (OSError, ValueError) as error:
        raise TransportError(f"no answer from Envoy at {admin}: {error}") from error
    head, _, body = answer.partition(b"\r\n\r\n")
    is_chunked = b"transfer-encoding: chunked" in head.lower()
    return (_join_chunks(body) if is_chunked else body).decode(errors="replace")


def _join_chunks(body: bytes) -> bytes:
    parts: list[bytes] = []
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        parts.append(rest[:length])
        body = rest[length + 2 :]
    return b"".join(parts)


def _sum(page: str) -> Mapping[Cluster, Mapping[str, int]]:
    found = re.findall(_LINE, page, re.MULTILINE)
    roles = {tag: c for c, tag in choose_newest({tag for tag, _, _ in found}).items()}
    sums = {cluster: dict.fromkeys(NAME_BY_STATISTIC.values(), 0) for cluster in Cluster}
    for tag, statistic, value in found:
        if tag in roles:
            sums[roles[tag]][NAME_BY_STATISTIC[statistic]] += int(value)
    return sums
