"""Neutral settings of an Ingress, from its annotations.

Our own prefix is `bascule.dev/`; `ssl-redirect` is also read from the prefixes of two widely used
controllers, ours first. A value that cannot be read is a fault, and the default stays.
"""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bascule.manifest.objects import Fault
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.model import RouteSettings

PREFIX = "bascule.dev/"
SSL_REDIRECT = (
    "bascule.dev/ssl-redirect",
    "nginx.ingress.kubernetes.io/force-ssl-redirect",
    "nginx.ingress.kubernetes.io/ssl-redirect",
    "appgw.ingress.kubernetes.io/ssl-redirect",
)
RETRIES_MAX = 10
TIMEOUT_MAX_S = 86_400
TTL_MAX_S = 400 * 86_400
"""The longest life that browsers give a cookie."""

_TRUE = ("1", "t", "true")
_FALSE = ("0", "f", "false")
_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)?")
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_KNOWN = ("affinity", "affinity-name", "affinity-ttl", "retries", "ssl-redirect", "timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressSettings:
    """What the annotations ask for; `ssl_redirect` None leaves it to whether the host has TLS."""

    ssl_redirect: bool | None = None
    timeout_s: float | None = None
    retries: int = RouteSettings().retries
    affinity: Affinity = field(default_factory=Affinity)

    def of_route(self, *, is_tls: bool) -> RouteSettings:
        """Return the settings of a route; without a word from the user, TLS hosts redirect."""
        return RouteSettings(
            ssl_redirect=is_tls if self.ssl_redirect is None else self.ssl_redirect,
            timeout_s=self.timeout_s,
            retries=self.retries,
            affinity=self.affinity,
        )


DEFAULTS = IngressSettings()


def read_settings(
    annotations: Mapping[str, str], *, told_elsewhere: str | None = None
) -> tuple[IngressSettings, tuple[Fault, ...]]:
    """Return the settings that `annotations` ask for, and what in them could not be read.

    Of those with the prefix `told_elsewhere` somebody else says what is wrong.
    """
    if not annotations:
        return DEFAULTS, ()
    faults = [
        _unknown(key[len(PREFIX) :])
        for key in annotations
        if key.startswith(PREFIX) and key[len(PREFIX) :] not in _KNOWN
    ]
    reader = _Reader(annotations, faults, told_elsewhere)
    settings = IngressSettings(
        ssl_redirect=reader.redirect(),
        timeout_s=reader.seconds("timeout", TIMEOUT_MAX_S) or None,
        retries=reader.retries(),
        affinity=reader.affinity(),
    )
    return settings, tuple(faults)


def _unknown(name: str) -> Fault:
    close = difflib.get_close_matches(name, _KNOWN, n=1)
    hint = f"did you mean {PREFIX}{close[0]}?" if close else f"known: {', '.join(_KNOWN)}"
    return Fault("AnnotationUnknown", f"{PREFIX}{name} is not known; {hint}")


class _Reader:
    """Reads single annotations and notes what it cannot read."""

    def __init__(
        self, annotations: Mapping[str, str], faults: list[Fault], told_elsewhere: str | None
    ) -> None:
        self._annotations = annotations
        self._faults = faults
        self._told_elsewhere = told_elsewhere

    def redirect(self) -> bool | None:
        for key in SSL_REDIRECT:
            value = self._annotations.get(key)
            if value is None:
                continue
            if value.strip().lower() in _TRUE:
                return True
            if value.strip().lower() in _FALSE:
                return False
            self._refuse(key, value, "true or false")
        return None

    def seconds(self, name: str, maximum_s: int) -> float | None:
        value = self._annotations.get(PREFIX + name)
        if value is None:
            return None
        match = _DURATION.fullmatch(value.strip())
        found = float(match[1]) * _UNIT_S[match[2] or "s"] if match else -1.0
        if 0 <= found <= maximum_s:
            return found
        wanted = f"a time such as 30s, 500ms or 2m, of at most {maximum_s}s (0 means none)"
        self._refuse(PREFIX + name, value, wanted)
        return None

    def retries(self) -> int:
        default = DEFAULTS.retries
        value = self._annotations.get(PREFIX + "retries")
        if value is None:
            return default
        if value.isdecimal() and int(value) <= RETRIES_MAX:
            return int(value)
        self._refuse(PREFIX + "retries", value, f"a number from 0 to {RETRIES_MAX}")
        return default

    def affinity(self) -> Affinity:
        default = DEFAULTS.affinity
        value = self._annotations.get(PREFIX + "affinity", AffinityKind.COOKIE)
        if value not in tuple(AffinityKind):
            self._refuse(PREFIX + "affinity", value, " or ".join(AffinityKind))
            return default
        name = self._annotations.get(PREFIX + "affinity-name", "")
        if name and not _NAME.fullmatch(name):
            self._refuse(PREFIX + "affinity-name", name, "the name of a cookie or header")
            name = ""
        kind = AffinityKind(value)
        if kind is AffinityKind.HEADER and not name:
            self._refuse(PREFIX + "affinity", value, "given together with affinity-name")
            return default
        ttl_s = self.seconds("affinity-ttl", TTL_MAX_S)
        return Affinity(
            kind=kind,
            name=name or default.name,
            ttl_s=default.ttl_s if ttl_s is None else int(ttl_s),
        )

    def _refuse(self, key: str, value: str, wanted: str) -> None:
        if self._told_elsewhere is not None and key.startswith(self._told_elsewhere):
            return
        message = f"{key} is {value[:80]!r} and should be {wanted}; the default stays"
        self._faults.append(Fault("AnnotationInvalid", message))
