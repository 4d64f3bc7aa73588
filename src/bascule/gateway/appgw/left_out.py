"""Tells what Azure refused of a table, on the Ingresses that ask for it."""

from collections.abc import Iterable, Iterator

from bascule.gateway.appgw.mending import LeftOut
from bascule.routing.model import Problem, RoutingTable

CODE = "RefusedByAzure"


def tell_left_out(left_out: Iterable[LeftOut], table: RoutingTable) -> tuple[Problem, ...]:
    """Return a Problem for each Ingress of `table` that is not served as it asks."""
    return tuple(sorted({problem for each in left_out for problem in _tell(each, table)}))


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
