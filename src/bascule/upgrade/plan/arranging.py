"""An arrangement as JSON: how it stands in a plan."""

from collections.abc import Mapping

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import Arrangement, Mirror, Preview
from bascule.upgrade.encoding import read_object, read_text


def render_arrangement(arrangement: Arrangement) -> dict[str, Json]:
    """Return `{"preview": …, "mirror": …, "affinity": …}`, null where there is none."""
    preview, mirror, affinity = arrangement.preview, arrangement.mirror, arrangement.affinity
    return {
        "preview": None
        if preview is None
        else {"header": preview.header, "hosts": dict(preview.hosts)},
        "mirror": None
        if mirror is None
        else {"share_bp": mirror.share_bp, "target": mirror.target.value},
        "affinity": None
        if affinity is None
        else {"kind": affinity.kind.value, "name": affinity.name, "ttl_s": affinity.ttl_s},
    }


def parse_arrangement(data: Json) -> Arrangement:
    """Return what `render_arrangement` wrote. Raises JournalError for anything else."""
    fields = read_object(data, "arrangement")
    preview, mirror, affinity = (fields.get(k) for k in ("preview", "mirror", "affinity"))
    try:
        return Arrangement(
            preview=None if preview is None else _preview(read_object(preview, "preview")),
            mirror=None if mirror is None else _mirror(read_object(mirror, "mirror")),
            affinity=None if affinity is None else _affinity(read_object(affinity, "affinity")),
        )
    except ValueError as error:
        raise JournalError(f"an arrangement cannot be read: {error}") from error


def _preview(fields: Mapping[str, Json]) -> Preview:
    hosts = read_object(fields.get("hosts"), "hosts")
    return Preview(
        header=read_text(fields, "header"),
        hosts={alias: str(host) for alias, host in hosts.items()},
    )


def _mirror(fields: Mapping[str, Json]) -> Mirror:
    return Mirror(
        share_bp=_read_whole(fields, "share_bp"), target=Cluster(read_text(fields, "target"))
    )


def _affinity(fields: Mapping[str, Json]) -> Affinity:
    return Affinity(
        kind=AffinityKind(read_text(fields, "kind")),
        name=read_text(fields, "name"),
        ttl_s=_read_whole(fields, "ttl_s"),
    )


def _read_whole(fields: Mapping[str, Json], name: str) -> int:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise JournalError(f"{name} is not a whole number in an arrangement")
    return value
