"""Leads past the Envoys: documents by which a gateway sends a cluster's requests there itself.

For when Bascule and its Envoys are gone. Nobody at Azure has seen such a document before, so it
holds what is sure to be taken: one cluster's pools, and only certificates that are there already.
"""

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

from bascule.app.gateways.breaking_glass import WayBack, tags_of
from bascule.app.gateways.front import PROBE_CODES
from bascule.azure.document import Document, list_at, object_at, text_at
from bascule.gateway.appgw.annotations.reading import PREFIX
from bascule.gateway.appgw.merge import merge, read_facts
from bascule.gateway.appgw.part import CERTIFICATES, Part
from bascule.gateway.appgw.settings import AppGwSettings
from bascule.gateway.appgw.slim import slim
from bascule.gateway.appgw.translate.translation import Translator
from bascule.gateway.ownership import owns_of
from bascule.ids import CertificateDigest, Cluster
from bascule.routing.documents import whole_split
from bascule.routing.model import Host, Problem, Route, RoutingTable, Severity

CODES = f"{PREFIX}health-probe-status-codes"


class PastEnvoys:
    """Builds ways back of a gateway before Envoys; `settings` are those of one without them."""

    def __init__(self, settings: AppGwSettings) -> None:
        self._settings = settings
        self._translators = {cluster: Translator(settings) for cluster in Cluster}
        self._known: dict[str, tuple[Host, Host]] = {}

    def __call__(self, document: Document, table: RoutingTable, cluster: Cluster) -> WayBack:
        """Return what leads all hosts to `cluster`, or where only the other one can answer, there.

        A host whose certificate the gateway does not hold is left out.
        """
        settings = self._settings
        owns = owns_of(object_at(document, "tags"), prefix=settings.prefix, owner=settings.owner)
        translator, facts = self._translators[cluster], read_facts(document, owns)
        whole = self._lead(table, cluster)
        part = translator.translate(whole, facts)
        missing = _find_missing(document, part)
        served = _without(whole, missing)
        if missing:
            part = translator.translate(served, facts)
        body = merge(document, part, owns, pfx={}, tags=tags_of(served))
        return WayBack(document=slim(body, owns), left_out=tuple(_tell(whole, served, part)))

    def _lead(self, table: RoutingTable, cluster: Cluster) -> RoutingTable:
        """Return a table for a gateway alone: nothing arranged, and pods live that answer at all.

        Their readiness is the cluster's word already, and what the gateway would ask of them is not
        known. What was made of a host stands as long as the host is the same object.
        """
        former, self._known = self._known, {}
        for host in table.routes.hosts:
            origin, made = former.get(host.name, (None, None))
            if made is None or origin is not host:
                made = replace(host, routes=tuple(_alive(route) for route in host.routes))
            self._known[host.name] = (host, made)
        hosts = tuple(made for _, made in self._known.values())
        routes = replace(table.routes, hosts=hosts)
        return RoutingTable(routes=routes, split=whole_split(cluster))


def _alive(route: Route) -> Route:
    extensions = MappingProxyType({CODES: PROBE_CODES, **route.extensions})
    return replace(route, extensions=extensions)


def _find_missing(document: Document, part: Part) -> frozenset[CertificateDigest]:
    there = {
        text_at(each, "name").lower() for each in list_at(document, "properties", CERTIFICATES)
    }
    found = part.certificates.items()
    return frozenset(digest for name, digest in found if name.lower() not in there)


def _without(table: RoutingTable, missing: frozenset[CertificateDigest]) -> RoutingTable:
    if not missing:
        return table
    kept = (
        h for h in table.routes.hosts if not h.certificate or h.certificate.digest not in missing
    )
    return replace(table, routes=replace(table.routes, hosts=tuple(kept)))


def _tell(whole: RoutingTable, served: RoutingTable, part: Part) -> Iterator[str]:
    names = {host.name for host in served.routes.hosts}
    for host in whole.routes.hosts:
        if host.name not in names:
            yield f"{host.name}: its certificate is not on the gateway"
    yield from sorted({_render(each) for each in part.problems if each.severity is Severity.ERROR})


def _render(problem: Problem) -> str:
    return f"{problem.kind} {problem.namespace}/{problem.name}: {problem.message}"
