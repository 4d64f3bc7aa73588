"""Where a runtime shows its figures to Prometheus: on loopback unless a host is named."""

from dataclasses import dataclass

from bascule.errors import UsageError
from bascule.gateway.envoy.process import check_addresses

LOOPBACK = "127.0.0.1"
PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class MetricsPlace:
    """A host and a port to listen on."""

    host: str
    port: int


def parse_metrics_place(text: str | None) -> MetricsPlace | None:
    """Return the place that `[HOST:]PORT` means. Raises UsageError for anything else."""
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > PORT_MAX:
        raise UsageError(
            f"{text!r} is no place to listen on", remedy="write [HOST:]PORT, such as 9464"
        )
    return MetricsPlace(host.removeprefix("[").removesuffix("]") or LOOPBACK, int(port))


def require_free(place: MetricsPlace) -> None:
    """Return if one may listen there. Raises UsageError."""
    try:
        check_addresses([(place.host, place.port)])
    except UsageError as error:
        raise UsageError(
            f"metrics cannot be shown: {error.message}", remedy="choose another --metrics-listen"
        ) from error
