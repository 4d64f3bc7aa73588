"""Tells what Azure refuses of a table, on the Ingresses that ask for it."""

from collections.abc import Container, Iterable, Iterator, Mapping

from bascule.gateway.appgw.culprits import FOR_PROBES, Suspect
from bascule.gateway.appgw.mending import LeftOut
from bascule.gateway.appgw.translate.prepared import name_of, tell_not_probed
from bascule.ids import CertificateDigest
from bascule.routing.model import Problem, RoutingTable

CODE = "RefusedByAzure"


def tell_left_out(
    left_out: Iterable[LeftOut], table: RoutingTable, *, gateway_id: str
) -> tuple[Problem, ...]:
    """Return a Problem for each Ingress of `table` that is not served as it asks.

    For what is there for probes alone it is on the gateway.
    """
    found = {
        problem
        for each in left_out
        for problem in (
            [_tell_not_probed(each, gateway_id)]
            if each.suspect == FOR_PROBES
            else _tell(each, table)
        )
    }
    return tuple(sorted(found))


def tell_unusable(
    table: RoutingTable, unusable: Mapping[CertificateDigest, str], live: Container[str]
) -> tuple[LeftOut, ...]:
    """Return the hosts whose certificates are `unusable`, and whether they go on as in `live`."""
    return tuple(
        LeftOut(
            suspect=Suspect(host.name),
            why=unusable[host.certificate.digest],
            is_kept=host.name in live,
        )
        for host in table.routes.hosts
        if host.certificate is not None and host.certificate.digest in unusable
    )


def _tell_not_probed(left: LeftOut, gateway_id: str) -> Problem:
    return tell_not_probed(
        f"Azure refuses the listeners of gateway {name_of(gateway_id)} by which both clusters' "
        f"backends are probed, and they are left out: {left.why}; the first requests after a "
        "switch may fail (502)",
        gateway_id,
    )


def _tell(left: LeftOut, table: RoutingTable) -> Iterator[Problem]:
    suspect = left.suspect
    instead = "what it was before goes on" if left.is_kept else "it is not served"
    message = f"Azure refuses {suspect.host}{suspect.path}, and {instead}: {left.why}"
    for host in table.routes.hosts:
        for route in host.routes if host.name == suspect.host else ():
            path = route.match.path.rstrip("/") or "/"
            for source in route.sources if suspect.path in {"", path} else ():
                yield Problem(
                    cluster=source.cluster,
                    kind="Ingress",
                    namespace=source.namespace,
                    name=source.name,
                    code=CODE,
                    message=message,
                )
