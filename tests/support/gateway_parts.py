"""Clusters written as YAML, and what an Application Gateway is to hold for them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bascule.gateway.appgw.part import (
    LISTENERS,
    PATH_MAPS,
    POOLS,
    PROBES,
    REDIRECTS,
    REWRITES,
    RULES,
    SETTINGS,
    Facts,
    Part,
)
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.translate.translation import Translator
from bascule.ids import Cluster
from bascule.manifest.objects import ManifestObject
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.build import build_routes
from bascule.routing.documents import whole_split
from bascule.routing.model import RouteSet, RoutingTable
from bascule.routing.options import BuildOptions
from tests.support.manifests import snapshot

GATEWAY = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/AppGateway"
)
SETTINGS_OF = AppGwSettings(gateway_id=GATEWAY, owner="shop")
FACTS = Facts(public_frontend="public", private_frontend="private", has_waf=True)
OPTIONS = BuildOptions(
    ingress_classes=("bascule", "azure/application-gateway"),
    reads_probes=True,
    reads_rewrites=True,
)
Properties = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """A part, as a reader of the document sees it."""

    part: Part
    routes: RouteSet = field(repr=False)

    def of(self, collection: str) -> dict[str, Properties]:
        """Return the properties of all children of a collection, by name."""
        found: Mapping[str, Any] = self.part.children[collection]
        return {name: dict(child["properties"]) for name, child in found.items()}

    def follow(self, reference: Mapping[str, str]) -> Properties:
        """Return the properties of the child of ours that a reference leads to."""
        collection, name = reference["id"].removeprefix(f"{GATEWAY}/").split("/")
        return self.of(collection)[name]

    @property
    def codes(self) -> set[str]:
        """The codes of all problems, of the table's too."""
        return {problem.code for problem in (*self.part.problems, *self.routes.problems)}

    @property
    def messages(self) -> str:
        return "\n".join(p.message for p in (*self.part.problems, *self.routes.problems))

    @property
    def listeners(self) -> dict[tuple[str, int], Properties]:
        """Listeners by their first host (`*` for any) and port."""
        return {
            ((each["hostNames"] or ["*"])[0], self.port_of(each)): each
            for each in self.of(LISTENERS).values()
        }

    @property
    def priorities(self) -> dict[str, int]:
        """Priorities of rules by the first host and port of their listener: `shop.test:80`."""
        return {
            f"{(listener['hostNames'] or ['*'])[0]}:{self.port_of(listener)}": rule["priority"]
            for rule in self.of(RULES).values()
            for listener in [self.follow(rule["httpListener"])]
        }

    @property
    def probes(self) -> list[Properties]:
        return list(self.of(PROBES).values())

    @property
    def redirects(self) -> list[Properties]:
        return list(self.of(REDIRECTS).values())

    @property
    def settings(self) -> list[Properties]:
        return list(self.of(SETTINGS).values())

    @property
    def rewrites(self) -> list[Properties]:
        return list(self.of(REWRITES).values())

    def port_of(self, listener: Properties) -> int:
        number: int = self.follow(listener["frontendPort"])["port"]
        return number

    def rule_of(self, host: str, port: int = 80) -> Properties:
        """Return the rule of the listener of a host."""
        (rule,) = (
            each
            for each in self.of(RULES).values()
            if (listener := self.follow(each["httpListener"]))
            and (host in listener["hostNames"] or (host == "*" and not listener["hostNames"]))
            and self.port_of(listener) == port
        )
        return rule

    def paths_of(self, host: str, port: int = 80) -> list[str]:
        """Return the paths of a host in the order in which the gateway looks at them."""
        path_map = self.follow(self.rule_of(host, port)["urlPathMap"])
        return [path for rule in path_map["pathRules"] for path in rule["properties"]["paths"]]

    def path_rules_of(self, host: str, port: int = 80) -> dict[str, Properties]:
        """Return what each path of a host leads to."""
        path_map = self.follow(self.rule_of(host, port)["urlPathMap"])
        return {
            path: rule["properties"]
            for rule in path_map["pathRules"]
            for path in rule["properties"]["paths"]
        }

    def addresses(self, rule: Properties) -> list[str]:
        """Return the addresses that a rule or a path rule leads to."""
        pool = self.follow(rule["backendAddressPool"])
        return [each["ipAddress"] for each in pool["backendAddresses"]]

    def reached(self, rule: Properties) -> Properties:
        """Return the settings by which a rule or a path rule leads to its pool."""
        return self.follow(rule["backendHttpSettings"])

    def probe_of(self, rule: Properties) -> Properties:
        """Return the probe of what a rule or a path rule leads to."""
        return self.follow(self.reached(rule)["probe"])

    @property
    def map_count(self) -> int:
        return len(self.of(PATH_MAPS))

    @property
    def pool_names(self) -> list[str]:
        return sorted(self.of(POOLS))


def translate(
    *blue: str | ManifestObject,
    green: Iterable[str | ManifestObject] = (),
    facts: Facts = FACTS,
    settings: AppGwSettings = SETTINGS_OF,
    previous: RouteSet | None = None,
    options: BuildOptions = OPTIONS,
) -> Seen:
    """Return what the gateway is to hold while all requests go to blue."""
    snapshots: dict[Cluster, ClusterSnapshot] = {Cluster.BLUE: snapshot(*blue)}
    texts = tuple(green)
    if texts:
        snapshots[Cluster.GREEN] = snapshot(*texts)
    routes = build_routes(snapshots, options=options, previous=previous)
    table = RoutingTable(routes=routes, split=whole_split(Cluster.BLUE))
    return Seen(Translator(settings).translate(table, facts), routes)
