"""Children of a gateway while they are written down, and how they refer to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bascule.azure.document import Document
from bascule.gateway.appgw.names import Names
from bascule.gateway.appgw.part import POOLS, SETTINGS, Facts
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.ids import CertificateDigest, Cluster
from bascule.routing.model import Problem, Route, Severity

Written: TypeAlias = dict[str, dict[str, Document]]
"""Children by collection and name."""
Pairs: TypeAlias = dict[str, str]
"""Pools by the settings that reach them, both by their ids; no settings reach two pools."""

NOTHING_PORT = 80
NOTHING_TIMEOUT_S = 30


@dataclass(frozen=True, slots=True)
class Site:
    """What all hosts are translated under."""

    settings: AppGwSettings
    facts: Facts

    @property
    def names(self) -> Names:
        """How children are called."""
        return Names(self.settings.prefix)

    def ref(self, collection: str, name: str) -> Document:
        """Return a reference to a child of the gateway."""
        return {"id": f"{self.settings.gateway_id}/{collection}/{name}"}


@dataclass(slots=True)
class Sheet:
    """What is written down so far; the same name always has the same content."""

    site: Site
    children: Written = field(default_factory=dict)
    certificates: dict[str, CertificateDigest] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    pairs: Pairs = field(default_factory=dict)
    """Those that lead to one cluster, and are probed whichever cluster has the requests."""

    def put(self, collection: str, name: str, properties: Mapping[str, object]) -> Document:
        """Write down a child and return a reference to it."""
        self.children.setdefault(collection, {})[name] = {"name": name, "properties": properties}
        return self.site.ref(collection, name)

    def add(self, other: "Sheet") -> None:
        """Write down all that another sheet has."""
        for collection, found in other.children.items():
            self.children.setdefault(collection, {}).update(found)
        self.certificates |= other.certificates
        self.problems += other.problems
        self.pairs |= other.pairs

    def put_nothing(self) -> tuple[Document, Document]:
        """Write down the pool and the settings that lead to nobody: requests are answered 502."""
        name = self.site.names.nothing
        properties = {
            "port": NOTHING_PORT,
            "protocol": "Http",
            "cookieBasedAffinity": "Disabled",
            "requestTimeout": NOTHING_TIMEOUT_S,
            "pickHostNameFromBackendAddress": False,
        }
        pool = self.put(POOLS, name, {"backendAddresses": []})
        return pool, self.put(SETTINGS, name, properties)

    def report(
        self,
        route: Route,
        code: str,
        message: str,
        severity: Severity = Severity.ERROR,
        *,
        cluster: Cluster | None = None,
    ) -> None:
        """Tell the Ingresses that a route comes from what is wrong; of one cluster, or all."""
        found = tell(route, code, message, severity)
        self.problems += [each for each in found if cluster in (None, each.cluster)]


def tell(
    route: Route, code: str, message: str, severity: Severity = Severity.ERROR
) -> list[Problem]:
    """Return the Problem on every Ingress that a route comes from."""
    return [
        Problem(
            cluster=source.cluster,
            kind="Ingress",
            namespace=source.namespace,
            name=source.name,
            code=code,
            message=message,
            severity=severity,
        )
        for source in route.sources
    ]
