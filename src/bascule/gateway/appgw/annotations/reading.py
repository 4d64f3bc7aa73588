"""All annotations of one Ingress to what they ask for, and what is wrong with them.

None is ignored: a value that cannot be read, and a name that is not known, is a fault. Where the
default would show something to the wrong people, or send requests to the wrong place, the Ingress
is refused as a whole (`REFUSING`); else the default stays.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from bascule.gateway.appgw.annotations import values
from bascule.gateway.appgw.options import (
    DRAINING_S,
    NO_OPTIONS,
    REQUEST_TIMEOUT_S,
    ProbeOptions,
    RouteOptions,
)
from bascule.manifest.objects import Fault
from bascule.manifest.parse_ingress import parse_host
from bascule.routing.cluster import rewrites
from bascule.routing.options import AGIC_PREFIX

T = TypeVar("T")
Default = TypeVar("Default")

PREFIX = AGIC_PREFIX
ISTIO_PREFIX = "appgw.ingress.istio.io/"

REFUSING = frozenset(
    (
        "appgw-ssl-certificate",
        "appgw-ssl-profile",
        "appgw-trusted-root-certificate",
        "backend-hostname",
        "backend-path-prefix",
        "backend-protocol",
        "override-frontend-port",
        "rewrite-rule-set",
        "rewrite-rule-set-custom-resource",
        "ssl-redirect",
        "use-private-ip",
        "waf-policy-for-path",
    )
)
"""Of these a value that cannot be read refuses the whole Ingress."""

KNOWN = REFUSING | frozenset(
    (
        "connection-draining",
        "connection-draining-timeout",
        "cookie-based-affinity",
        "cookie-based-affinity-distinct-name",
        "health-probe-hostname",
        "health-probe-interval",
        "health-probe-path",
        "health-probe-port",
        "health-probe-status-codes",
        "health-probe-timeout",
        "health-probe-unhealthy-threshold",
        "hostname-extension",
        "request-timeout",
        "rule-priority",
    )
)
"""All that Azure's own controller reads, without the prefix."""

EMPTY_IS_UNSET = frozenset(
    (
        "backend-hostname",
        "backend-path-prefix",
        "health-probe-hostname",
        "health-probe-path",
        "hostname-extension",
        "rewrite-rule-set",
        "rewrite-rule-set-custom-resource",
    )
)
"""Charts write these with an empty value where they mean nothing by it."""

_SECONDS = values.number(1, 86_400, "a whole number of seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """What an Ingress asks for.

    `is_refused`: a value that cannot be read decides over who sees what, or where requests go, so
    that no route of the Ingress may be served; `faults` say why.
    """

    options: RouteOptions = NO_OPTIONS
    faults: tuple[Fault, ...] = ()
    is_refused: bool = False


_NOTHING_READ = ReadOptions()


def read_options(extensions: Mapping[str, str]) -> ReadOptions:
    """Return what `extensions`, the annotations of one Ingress, ask for. Never raises."""
    texts = {
        key[len(PREFIX) :]: value for key, value in extensions.items() if key.startswith(PREFIX)
    }
    reader = _Reader(texts)
    reader.check_names(extensions)
    if not texts and not reader.faults:
        return _NOTHING_READ
    asked = reader.object_name("rewrite-rule-set-custom-resource")
    options = RouteOptions(
        backend_path=reader.read("backend-path-prefix", values.read_path, None),
        backend_host=reader.read("backend-hostname", values.read_host, None),
        backend_protocol=reader.read("backend-protocol", values.read_protocol, None),
        ssl_redirect=reader.flag("ssl-redirect"),
        certificate=reader.read("appgw-ssl-certificate", values.read_child, None),
        ssl_profile=reader.read("appgw-ssl-profile", values.read_child, None),
        trusted_roots=reader.read("appgw-trusted-root-certificate", values.read_children, ()),
        draining_s=reader.draining_s(),
        has_affinity=reader.flag("cookie-based-affinity"),
        has_affinity_name=reader.flag("cookie-based-affinity-distinct-name"),
        request_timeout_s=reader.read("request-timeout", _SECONDS, REQUEST_TIMEOUT_S),
        frontend_port=reader.read("override-frontend-port", values.number(1, 64_999), None),
        is_private=reader.flag("use-private-ip"),
        waf_policy=reader.read("waf-policy-for-path", values.read_policy, None),
        rewrite_set=reader.rewrite_set(is_resource_asked=asked is not None),
        rewrite_resource=extensions.get(rewrites.RULES) if asked else None,
        rewrite_name=extensions.get(rewrites.NAME, asked) if asked else None,
        aliases=reader.aliases(),
        priority=reader.read("rule-priority", values.number(1, 20_000), None),
        probe=_read_probe(reader),
    )
    return ReadOptions(options=options, faults=tuple(reader.faults), is_refused=reader.is_refused)


def _read_probe(reader: "_Reader") -> ProbeOptions:
    return ProbeOptions(
        host=reader.read("health-probe-hostname", values.read_host, None),
        port=reader.read("health-probe-port", values.number(1, 65_535), None),
        path=reader.read("health-probe-path", values.read_probe_path, None),
        status_codes=reader.read("health-probe-status-codes", values.read_codes, None),
        interval_s=reader.read("health-probe-interval", _SECONDS, None),
        timeout_s=reader.read("health-probe-timeout", _SECONDS, None),
        unhealthy_threshold=reader.read(
            "health-probe-unhealthy-threshold", values.number(1, 20), None
        ),
    )


class _Reader:
    """Reads single annotations and notes what it cannot read."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self.faults: list[Fault] = []
        self.is_refused = False

    def check_names(self, annotations: Mapping[str, str]) -> None:
        """Note every annotation that looks like one for this gateway and is none."""
        for name in sorted(self._texts.keys() - KNOWN):
            close = difflib.get_close_matches(name, sorted(KNOWN), n=1)
            hint = f"; did you mean {PREFIX}{close[0]}?" if close else ""
            self._note("AnnotationUnknown", f"{PREFIX}{name} is not known and does nothing{hint}")
        for key in annotations:
            if key.startswith(ISTIO_PREFIX):
                self._note("AnnotationUnknown", f"{key}: Istio's Gateways are not read")

    def read(self, name: str, parse: Callable[[str], T], default: Default) -> T | Default:
        """Return the value of `name`; `default` where it is not given or cannot be read."""
        text = self._texts.get(name)
        if text is None or (not text and name in EMPTY_IS_UNSET):
            return default
        try:
            return parse(text)
        except ValueError as error:
            self._refuse(name, text, str(error))
            return default

    def flag(self, name: str) -> bool:
        return self.read(name, values.read_bool, default=False)

    def object_name(self, name: str) -> str | None:
        return self.read(name, values.read_object_name, None)

    def draining_s(self) -> int | None:
        """Return how long connections are drained: as in Azure's controller, only when asked to."""
        name = "connection-draining-timeout"
        most = values.number(1, 3_600, "a whole number of seconds")
        found = self.read(name, most, DRAINING_S)
        if self.flag("connection-draining"):
            return found
        if name in self._texts:
            message = f"{PREFIX}{name} does nothing without {PREFIX}connection-draining: true"
            self._note("AnnotationWithoutEffect", message)
        return None

    def rewrite_set(self, *, is_resource_asked: bool) -> str | None:
        """Return the rule set; where a custom resource is asked for as well, that one has it."""
        found = self.read("rewrite-rule-set", values.read_child, None)
        if found is None or not is_resource_asked:
            return found
        message = f"{PREFIX}rewrite-rule-set gives way to {rewrites.ASKED}: only one can be applied"
        self._note("AnnotationWithoutEffect", message)
        return None

    def aliases(self) -> tuple[str, ...]:
        """Return the further hosts; one that is no host name is left out on its own."""
        name = "hostname-extension"
        found = []
        for text in (part.strip() for part in self._texts.get(name, "").split(",")):
            if not text:
                continue
            try:
                found.append(parse_host(text))
            except ValueError as error:
                message = f"{PREFIX}{name}: {error}; it is left out, the others are served"
                self._note("AnnotationInvalid", message)
        return tuple(dict.fromkeys(found))

    def _refuse(self, name: str, text: str, wanted: str) -> None:
        effect = "the default stays"
        if name in REFUSING:
            self.is_refused = True
            effect = "no route of this Ingress is served until it is put right"
        message = f"{PREFIX}{name} is {text[:80]!r} and should be {wanted}; {effect}"
        self._note("AnnotationInvalid", message)

    def _note(self, code: str, message: str) -> None:
        self.faults.append(Fault(code, message))
