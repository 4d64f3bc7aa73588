"""Where news go, as a plan says it: webhooks and commands. Secrets are named, never held."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import urlsplit

from bascule.journal.record import Json
from bascule.notify.events import NewsKind

TIMEOUT_S = 10.0
TIMEOUT_MAX_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """News by HTTP POST; either `url`, or `url_env` names the variable that holds it."""

    url: str = ""
    url_env: str = ""
    headers_env: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Header names, each with the variable that holds its value."""
    kinds: frozenset[NewsKind] = frozenset(NewsKind)
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        """How logs and status name it: nothing of an address but its host."""
        return f"webhook {urlsplit(self.url).hostname if self.url else '$' + self.url_env}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """News on the standard input of a program."""

    argv: tuple[str, ...]
    kinds: frozenset[NewsKind] = frozenset(NewsKind)
    timeout_s: float = TIMEOUT_S

    @property
    def name(self) -> str:
        """How logs and status name it."""
        return f"command {self.argv[0]}"


Receiver: TypeAlias = Webhook | Program


def parse_receiver(data: Mapping[str, Json]) -> Receiver | str:
    """Return the receiver that a plan describes, or why it is none."""
    kinds = _read_kinds(data)
    timeout_s = _read_timeout(data)
    match data.get("type"):
        case "webhook":
            url, url_env = str(data.get("url") or ""), str(data.get("url_env") or "")
            if bool(url) is bool(url_env):
                return "a webhook needs url or url_env, one of the two"
            if url and (problem := find_problem(url)):
                return problem
            return Webhook(
                url=url,
                url_env=url_env,
                headers_env=_read_headers(data),
                kinds=kinds,
                timeout_s=timeout_s,
            )
        case "command":
            run = data.get("run")
            if not isinstance(run, list) or not run:
                return "a command needs run, a program and its arguments"
            argv = tuple(str(word) for word in run)
            return Program(argv=argv, kinds=kinds, timeout_s=timeout_s)
        case kind:
            return f"there is no receiver of type {kind!r}"


def find_problem(url: str) -> str:
    """Return why nothing can be sent to an address, or nothing. Never repeats the address."""
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_fine = False
    return "" if is_fine else "the address is not one of http or https"


def _read_timeout(data: Mapping[str, Json]) -> float:
    timeout = data.get("timeout_s")
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout <= 0:
        return TIMEOUT_S
    return min(float(timeout), TIMEOUT_MAX_S)


def _read_kinds(data: Mapping[str, Json]) -> frozenset[NewsKind]:
    events = data.get("events")
    known = set(NewsKind)
    found = events if isinstance(events, list) else []
    named = frozenset(NewsKind(str(name)) for name in found if name in known)
    return named or frozenset(NewsKind)


def _read_headers(data: Mapping[str, Json]) -> dict[str, str]:
    headers = data.get("headers_env")
    pairs = headers.items() if isinstance(headers, dict) else ()
    return {name: str(variable) for name, variable in pairs}
