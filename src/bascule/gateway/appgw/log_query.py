"""The one question that is asked of access logs, and its answer: sums of each minute, no rows.

Whose a request was is told by the address of the server that answered it; else, as of a request
that reached none, by the name of its pool. A pool of ours that is of no one cluster, and an address
that is not known, leave a minute untold.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

from bascule.azure.document import Document, text_at, value_at
from bascule.gateway.appgw.log_settings import LogTable
from bascule.gateway.appgw.minutes import Minute
from bascule.gateway.driver import Histogram
from bascule.ids import Cluster

BOUNDS_MS: Final = (
    *(1, 2, 3, 5, 7.5, 10, 15, 20, 25, 30, 40, 50, 65, 80, 100, 125, 150, 200, 250, 300, 400, 500),
    *(650, 800, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000, 60_000, 3_600_000),
)
"""As of Envoy's, so that what is told of both can be put side by side."""
OWN_CLIENT: Final = "127.0.0.1"
"""Whom the log names for what a gateway's own instances ask; Azure says to pass it over."""
LAST_SERVER: Final = r"([^, ]+?)(:[0-9]+)?$"
"""An address without its port; of several, which were tried one after the other, the last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when to when is asked, in minutes of which length."""

    from_s: float
    to_s: float
    grain_s: float


def build_query(
    table: LogTable, span: Span, addresses: Mapping[Cluster, Iterable[str]], *, prefix: str
) -> str:
    """Return the question, in Kusto's language; it sums up by minute and client, then by minute."""
    per_client = [
        "requests = count()",
        'untold = countif(whose == "untold")',
        'nowhere = countif(whose == "nowhere")',
    ]
    per_minute = ["requests = sum(requests)", "untold = sum(untold)", "nowhere = sum(nowhere)"]
    for cluster in Cluster:
        sums = _sums(cluster)
        per_client += [f"{name} = countif({condition})" for name, condition in sums.items()]
        per_minute += [f"{name} = sum({name})" for name in sums]
        per_minute.append(f"{cluster}_clients = countif({cluster} > 0)")
    per_minute.append("both_clients = countif(blue > 0 and green > 0)")
    within = f">= datetime({_time(span.from_s)}) and TimeGenerated < datetime({_time(span.to_s)})"
    columns = {
        "minute": f"bin(TimeGenerated, {span.grain_s:.9g}s)",
        "client": table.column("ClientIp"),
        "server": f'extract(@"{LAST_SERVER}", 1, {table.column("ServerRouted")})',
        "pool": f"tolower({table.column('BackendPoolName')})",
        "status": table.column("HttpStatus", "d"),
        "took": f"todouble({table.column('ServerResponseLatency')})",
    }
    steps = (
        table.source,
        f"where TimeGenerated {within}",
        f'where {table.column("ClientIp")} != "{OWN_CLIENT}"',
        f"project {', '.join(f'{name} = {value}' for name, value in columns.items())}",
        f"extend whose = case({', '.join(_cases(addresses, prefix.lower()))})",
        f"summarize {', '.join(per_client)} by minute, client",
        f"summarize {', '.join(per_minute)} by minute",
    )
    return "\n| ".join(steps)


def _cases(addresses: Mapping[Cluster, Iterable[str]], prefix: str) -> Iterable[str]:
    """Yield conditions, each with whose a request is then, and whose it is else."""
    for cluster in Cluster:
        known = ", ".join(f'"{address}"' for address in sorted(addresses.get(cluster, ())))
        if known:
            yield from (f"server in ({known})", f'"{cluster}"')
    for cluster in Cluster:
        named = f"{prefix}pool-{cluster}"
        yield from (f'pool == "{named}" or pool startswith "{named}_"', f'"{cluster}"')
    ours = f'pool startswith "{prefix}pool-"'
    yield from (f'{ours} and server in ("", "-")', '"nowhere"', ours, '"untold"', '""')


def _sums(cluster: Cluster) -> dict[str, str]:
    """Return what is counted of one cluster: the name of a sum, and which requests it counts."""
    is_its = f'whose == "{cluster}"'
    slower = {
        f"{cluster}_within_{number}": f"{is_its} and took <= {bound / 1000:.9g}"
        for number, bound in enumerate(BOUNDS_MS)
    }
    return {
        f"{cluster}": is_its,
        f"{cluster}_failures": f"{is_its} and status >= 500",
        f"{cluster}_timed": f"{is_its} and isnotnull(took)",
        **slower,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMinutes:
    """What an access log tells, by the number of a minute since 1970."""

    requests: Mapping[int, int] = field(default_factory=dict)
    """Of all requests to the gateway, others' too."""
    minutes: Mapping[int, Mapping[Cluster, Minute]] = field(default_factory=dict)
    """Of both clusters; without those of which not everything can be told."""


def read_minutes(
    rows: Iterable[Document],
    grain_s: float,
    cluster_of_shared: Callable[[float, float], Cluster | None],
) -> LogMinutes:
    """Return what an answer tells.

    `cluster_of_shared` says whose the pools that are of no one cluster by their names were from one
    moment to another: a request that reached no server there was meant for it.
    """
    requests: dict[int, int] = {}
    minutes: dict[int, Mapping[Cluster, Minute]] = {}
    for row in rows:
        start_s = _read_time(row)
        if start_s is None:
            continue
        number = round(start_s / grain_s)
        requests[number] = _count(row, "requests")
        nowhere = _count(row, "nowhere")
        meant = cluster_of_shared(start_s, start_s + grain_s) if nowhere else None
        if not _count(row, "untold") and (meant is not None or not nowhere):
            minutes[number] = {
                cluster: _read_minute(row, cluster, nowhere if cluster is meant else 0)
                for cluster in Cluster
            }
    return LogMinutes(requests=requests, minutes=minutes)


def _read_minute(row: Document, cluster: Cluster, nowhere: int) -> Minute:
    within = [_count(row, f"{cluster}_within_{number}") for number in range(len(BOUNDS_MS))]
    running = (0, *within, _count(row, f"{cluster}_timed"))
    return Minute(
        answered=_count(row, f"{cluster}") + nowhere,
        errors=_count(row, f"{cluster}_failures") + nowhere,
        latency=Histogram(
            bounds_ms=BOUNDS_MS, counts=tuple(after - before for before, after in pairwise(running))
        ),
        clients=_count(row, f"{cluster}_clients"),
        clients_of_both=_count(row, "both_clients"),
    )


def _count(row: Document, name: str) -> int:
    found = value_at(row, name)
    is_number = isinstance(found, int | float) and not isinstance(found, bool)
    return round(found) if is_number and isinstance(found, int | float) else 0


def _read_time(row: Document) -> float | None:
    try:
        return datetime.fromisoformat(text_at(row, "minute")).timestamp()
    except ValueError:
        return None


def _time(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
