"""What our children of a gateway are called: the same things always alike, no two things alike.

A name says what the child is for, as far as 80 characters go; what is cut off stands in a digest.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Final

from bascule.routing.model import CertificateRef, Match

LENGTH_MAX: Final = 80
DIGEST_LENGTH: Final = 8
CERTIFICATE_DIGEST_LENGTH: Final = 12
_ELSE = re.compile(r"[^0-9A-Za-z._-]+")
_ENDS_WELL = re.compile(r"[0-9A-Za-z_]")


def cut(name: str, length_max: int = LENGTH_MAX) -> str:
    """Return `name` as Azure takes it, with a digest of the whole where that changes it.

    At most 80 characters of `A-Z a-z 0-9 . _ -`, of which the last is no `.` and no `-`.
    """
    plain = _ELSE.sub("-", name)
    if plain == name and len(name) <= length_max and _ENDS_WELL.fullmatch(name[-1]):
        return name
    return f"{plain[: length_max - DIGEST_LENGTH - 1]}-{digest_of(name)}"


def digest_of(text: str) -> str:
    """Return the short digest that names and nothing else hold."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]


def label_host(host: str) -> str:
    """Return a host as a part of a name; no host name of DNS holds the `_` of wildcards."""
    if host == "*":
        return "any_"
    return f"wild_{host[1:]}" if host.startswith("*") else host


@dataclass(frozen=True, slots=True)
class Names:
    """The names of children; all begin with `prefix`.

    A `tag` says which cluster a child leads to: `blue`, `green`, `both`, or `live`, which is
    whichever has the requests.
    """

    prefix: str

    def port(self, number: int) -> str:
        """Return the name of a frontend port."""
        return f"{self.prefix}port-{number}"

    def place(self, *, port: int, host: str, is_private: bool) -> str:
        """Return what a listener, its rule and its path maps are called after their kind."""
        return f"{'private-' if is_private else ''}{port}-{label_host(host)}"

    def listener(self, place: str) -> str:
        """Return the name of the listener of a place."""
        return cut(f"{self.prefix}listener-{place}")

    def rule(self, place: str) -> str:
        """Return the name of the routing rule of a place."""
        return cut(f"{self.prefix}rule-{place}")

    def redirect(self, place: str) -> str:
        """Return the name of the redirect to the listener of a place."""
        return cut(f"{self.prefix}redirect-{place}")

    def path_map(self, place: str, tag: str) -> str:
        """Return the name of a place's path map; the tag is never cut off."""
        end = f"-{tag}" if tag else ""
        return cut(f"{self.prefix}map-{place}", LENGTH_MAX - len(end)) + end

    def path_rule(self, match: Match) -> str:
        """Return the name of a path rule, unique in its map."""
        text = f"{match.kind.value.lower()}{match.path}"
        shown = _ELSE.sub("-", text.strip("/"))[: LENGTH_MAX - DIGEST_LENGTH - 1]
        return f"{shown}-{digest_of(text)}"

    def pool(self, tag: str, *parts: str) -> str:
        """Return the name of a pool of a backend."""
        return cut(_joined(f"{self.prefix}pool", tag, *parts))

    def settings(self, tag: str, *parts: str, content: str) -> str:
        """Return the name of backend settings that hold `content`."""
        return cut(_joined(f"{self.prefix}settings", tag, *parts, digest_of(content)))

    def probe(self, *parts: str, content: str) -> str:
        """Return the name of a probe that holds `content`."""
        shown = [_ELSE.sub("-", part.strip("/")) for part in parts]
        return cut(_joined(f"{self.prefix}probe", *shown, digest_of(content)))

    def rewrite(self, resource: str, content: str) -> str:
        """Return the name of the rewrite rules of a custom resource, `NAMESPACE/NAME`."""
        named = resource.replace("/", "-", 1)
        return cut(_joined(f"{self.prefix}rewrite", named, digest_of(content)))

    def certificate(self, reference: CertificateRef) -> str:
        """Return the name of a certificate; another pair of the same Secret has another name."""
        digest = reference.digest[:CERTIFICATE_DIGEST_LENGTH]
        return cut(f"{self.prefix}cert-{reference.namespace}-{reference.secret}-{digest}")

    @property
    def nothing(self) -> str:
        """The name of the pool and the settings that lead to nobody."""
        return f"{self.prefix}none"

    @property
    def default(self) -> str:
        """The name of the listener and the rule that stand where there are no others."""
        return f"{self.prefix}default"

    def prepared(self, number: int) -> str:
        """Return the name of a listener without clients, of its rule and of its path map."""
        return f"{self.prefix}prepared" if number == 1 else f"{self.prefix}prepared-{number}"


def _joined(kind: str, *parts: str) -> str:
    """Return `kind` and what it is for; no Kubernetes name of these parts holds a `_`."""
    return f"{kind}-{'_'.join(part for part in parts if part)}"
