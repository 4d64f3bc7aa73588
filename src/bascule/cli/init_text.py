"""The upgrade.yaml that `bascule init` writes: settings to look through, and what was found.

Names that come from a cluster are shown on one line each, and never end a comment.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import yaml

from bascule.checks.findings import Finding, Severity
from bascule.checks.inventory import Inventory
from bascule.checks.text import render_count
from bascule.ids import Cluster
from bascule.redact import redact
from bascule.routing.model import Host, Listener
from bascule.spec.durations import render_duration
from bascule.spec.traffic import StepSpec, default_steps

HOSTS_MAX = 50
"""How many hosts are listed before they are only counted."""
COMMENT_MAX = 300
"""A comment from outside is cut after so many characters."""

_PLAIN = re.compile(r"[A-Za-z~/.][A-Za-z0-9_./~@:-]*[A-Za-z0-9_/]")
_NOT_PLAIN = frozenset({"true", "false", "null", "yes", "no", "on", "off"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is written down. `kubeconfigs` are paths as they are to stand in the file."""

    name: str
    gateway: str
    kubeconfigs: Mapping[Cluster, str]
    contexts: Mapping[Cluster, str]
    inventory: Inventory
    findings: Sequence[Finding]
    classes: Mapping[str, int]
    """The ingress classes that blue's Ingresses name, and how many do; empty name: none."""
    used_ports: frozenset[int] = field(default_factory=frozenset)
    """Ports of the listeners that somebody on this machine listens on."""


def build_text(draft: Draft, *, file: str) -> str:
    """Return the text of the upgrade's file; `file` is how it will be called."""
    parts = (_head(draft, file), _clusters(draft), _gateway(draft), _found(draft), _course(draft))
    return "\n".join("".join(f"{line}\n" for line in part) for part in parts)


def to_label(text: str, default: str) -> str:
    """Return a DNS label that resembles `text`."""
    label = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-")
    return label or default


def _head(draft: Draft, file: str) -> Iterator[str]:
    yield f"# Written by `bascule init` on {draft.inventory.at:%Y-%m-%d}, from what it found."
    yield "# Look through it, then:"
    yield f"#   bascule plan -f {_comment(file)}            shows every step; nothing is changed"
    yield f"#   bascule upgrade start -f {_comment(file)}   runs it"
    yield "# All settings: docs/reference/upgrade-yaml.md, and examples/upgrade.yaml."
    yield ""
    yield f"name: {draft.name}"


def _clusters(draft: Draft) -> Iterator[str]:
    yield "platform:"
    yield "  type: existing"
    for cluster in Cluster:
        facts = draft.inventory.clusters[cluster]
        count = len(list(facts.snapshot.ingresses()))
        version = _comment(facts.version) or "version not known"
        yield f"  {cluster}:".ljust(20) + f"# {version}, objects of kind Ingress: {count}"
        yield f"    kubeconfig: {_scalar(draft.kubeconfigs[cluster])}"
        yield f"    context: {_scalar(draft.contexts[cluster])}"


def _gateway(draft: Draft) -> Iterator[str]:
    yield "gateway:"
    yield f"  name: {draft.gateway}"
    yield "  listeners:                      # 0.0.0.0 serves the network"
    for listener in draft.inventory.options.listeners:
        tls = ", tls: true" if listener.is_tls else ""
        place = f"address: {listener.address}, port: {listener.port}{tls}"
        yield f"    - {{name: {listener.name}, {place}}}{_port_note(draft, listener)}"
    said = [f"{_comment(name) or 'none'} ({count})" for name, count in draft.classes.items()]
    yield f"  # The classes of blue's Ingresses, and how many: {', '.join(said) or 'no Ingress'}."
    yield "  ingressClasses:"
    for name in draft.inventory.options.ingress_classes:
        yield f"    - {_scalar(name)}"


def _port_note(draft: Draft, listener: Listener) -> str:
    if listener.port in draft.used_ports:
        return "   # in use on this machine now"
    is_tls_used = any(host.is_tls for host in draft.inventory.routes.hosts)
    return "   # no host has TLS" if listener.is_tls and not is_tls_used else ""


def _found(draft: Draft) -> Iterator[str]:
    hosts = draft.inventory.routes.hosts
    routes = sum(len(host.routes) for host in hosts)
    count = f"{render_count(len(hosts), 'host')} with {render_count(routes, 'route')}"
    yield f"# What these classes serve: {count}."
    for host in hosts[:HOSTS_MAX]:
        yield f"#   {_comment(host.name)}: {_describe(host)}"
    if len(hosts) > HOSTS_MAX:
        yield f"#   and {len(hosts) - HOSTS_MAX} more"
    serious = [found for found in draft.findings if found.severity is not Severity.INFO]
    if serious:
        yield "# To look at before it starts:"
    for found in serious:
        yield f"#   {found.severity}: {_comment(found.message)}"
        if found.remedy:
            yield f"#     {_comment(found.remedy)}"


def _describe(host: Host) -> str:
    missing = [route.match.path for route in host.routes if route.green is None]
    only = [route.match.path for route in host.routes if route.blue is None]
    waiting = [
        route.match.path
        for route in host.routes
        if route.blue is not None and route.green is not None and not route.green.is_ready
    ]
    notes = [f"TLS{'' if host.certificate else ' without a certificate'}"] if host.is_tls else []
    for paths, what in (
        (missing, "green lacks"),
        (waiting, "green has no ready endpoint for"),
        (only, "blue lacks"),
    ):
        if paths:
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            notes.append(f"{what} {_comment(paths[0])}{more}")
    return ", ".join([render_count(len(host.routes), "route"), *notes])


def _course(draft: Draft) -> Iterator[str]:
    yield "# What green gets, and how long it is judged; `approval: true` asks a person after that."
    yield "steps:"
    yield from (f"  - {_step(step)}" for step in default_steps())
    yield ""
    yield "# Green is judged against blue at the same moment. More, where you know what is right:"
    yield "# analysis:"
    yield "#   successRate: {min: 99.5}"
    yield "#   checks:"
    host = _example_host(draft)
    yield f"#     - {{type: http, name: front-page, host: {host}, path: /, sameAsBlue: true}}"
    yield ""
    yield "# freeze:"
    yield '#   - {days: [fri, sat, sun], from: "18:00", to: "08:00", timeZone: Europe/Berlin}'
    yield ""
    yield "bake:"
    yield "  hold: 1h                        # green takes all, blue stays warm"
    yield ""
    yield "retire:"
    yield "  policy: approval                # after a person typed blue's name; never: blue stays"


def _step(step: StepSpec) -> str:
    return f"{{weight: {step.weight_bp / 100:g}, hold: {render_duration(step.hold_s)}}}"


def _example_host(draft: Draft) -> str:
    names = (host.name for host in draft.inventory.routes.hosts)
    return next((_comment(name) for name in names if "*" not in name), "shop.example.com")


def _comment(text: str) -> str:
    """Return text from outside so that it stays in its comment and on its line."""
    line = "".join(char if char.isprintable() else " " for char in redact(text))
    return " ".join(line.split())[:COMMENT_MAX]


def _scalar(text: str) -> str:
    """Return `text` as YAML, in quotes where it needs them."""
    is_plain = _PLAIN.fullmatch(text) is not None and text.lower() not in _NOT_PLAIN
    if is_plain:
        return text
    quoted: str = yaml.safe_dump(text, default_style='"', width=len(text) * 10 + 10)
    return quoted.removesuffix("\n")
