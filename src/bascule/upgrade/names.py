"""Who blue and green are: what the journal knows the clusters by, and what becomes of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

from bascule.errors import JournalError
from bascule.ids import Cluster
from bascule.journal.record import Json
from bascule.routing.naming import PLAIN_NAMING, Naming, build_tag
from bascule.routing.weights import Split, Weights
from bascule.upgrade.encoding import read_object, read_text

_PORT_BY_SCHEME = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A cluster: the URL of its API server, how its kubeconfig calls it, its CA's digest."""

    server: str
    """Empty is not known."""
    context: str = ""
    ca: str = ""
    """Empty: none is named. It is told and not compared: a CA is renewed, or shared by many."""

    def is_same(self, other: "Identity") -> bool:
        """Whether both are one cluster: by the server, or by the context where that is unknown."""
        if self.server and other.server:
            return self.server == other.server
        return bool(self.context) and self.context == other.context

    def __str__(self) -> str:  # type: ignore[explicit-override]  # typing_extensions is slow to import
        """Return it for people."""
        return f"{self.context} ({self.server})" if self.context and self.server else self.known

    @property
    def known(self) -> str:
        """What is known of it."""
        return self.server or self.context


Identities = Mapping[Cluster, Identity]


def _nobody() -> Identities:
    return MappingProxyType({})


def _first() -> Mapping[Cluster, int]:
    return MappingProxyType(dict.fromkeys(Cluster, 0))


def _plain_aliases() -> Mapping[str, Cluster]:
    return PLAIN_NAMING.aliases


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The clusters' identities, and the tags that their backends have had."""

    clusters: Identities = field(default_factory=_nobody)
    """Empty in a journal that does not know them yet."""
    generations: Mapping[Cluster, int] = field(default_factory=_first)
    """How many clusters have had each role before; see `bascule.routing.naming`."""
    aliases: Mapping[str, Cluster] = field(default_factory=_plain_aliases)

    @property
    def naming(self) -> Naming:
        """The names of backends."""
        tags = {cluster: build_tag(cluster, self.generations[cluster]) for cluster in Cluster}
        return Naming(tags=MappingProxyType(tags), aliases=self.aliases)

    def call(self, clusters: Identities, replaced: Collection[Cluster] = ()) -> "Names":
        """Return the names after clusters were told anew; those `replaced` are other ones."""
        aliases = {tag: role for tag, role in self.aliases.items() if role not in replaced}
        return self._become(clusters, aliases, replaced)

    def swap(self, clusters: Identities, *, is_blue_kept: bool) -> "Names":
        """Return the names after green became blue, and blue green or nothing any more."""
        kept = tuple(Cluster) if is_blue_kept else (Cluster.GREEN,)
        aliases = {tag: role.other for tag, role in self.aliases.items() if role in kept}
        return self._become(clusters, aliases, tuple(Cluster))

    def _become(
        self, clusters: Identities, aliases: Mapping[str, Cluster], renewed: Collection[Cluster]
    ) -> "Names":
        newest = max(self.generations.values()) + 1
        generations = {c: newest if c in renewed else self.generations[c] for c in Cluster}
        added = {build_tag(c, generations[c]): c for c in Cluster}
        return Names(
            clusters=MappingProxyType(dict(clusters)),
            generations=MappingProxyType(generations),
            aliases=MappingProxyType({**aliases, **added}),
        )


UNNAMED = Names()


def normalise_server(url: str) -> str:
    """Return a URL of an API server as it is compared; empty, not known, stays so."""
    parts = urlsplit(url)
    if not parts.hostname:
        return url
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = parts.port or _PORT_BY_SCHEME.get(parts.scheme, 0)
    return f"{parts.scheme}://{host}:{port}{parts.path.rstrip('/')}"


def exchange_split(split: Split) -> Split:
    """Return the split in which each cluster has what the other had."""
    return Split(
        Weights(split.default.green_bp),
        {host: Weights(weights.green_bp) for host, weights in split.by_host.items()},
    )


def find_weighty(split: Split) -> frozenset[Cluster]:
    """Return the clusters that get requests of any host."""
    every = (split.default, *split.by_host.values())
    return frozenset(c for c in Cluster if any(weights.of(c) for weights in every))


def render_identities(clusters: Identities) -> dict[str, Json]:
    """Return `{"blue": {"server": …, "context": …, "ca": …}, "green": {…}}`."""
    return {
        cluster.value: {"server": who.server, "context": who.context, "ca": who.ca}
        for cluster, who in sorted(clusters.items())
    }


def parse_identities(data: Json) -> Identities:
    """Return what `render_identities` wrote. Raises JournalError for anything else."""
    fields = read_object(data, "clusters")
    if set(fields) != set(Cluster):
        raise JournalError("clusters in a record are not blue and green")
    found = {}
    for cluster in Cluster:
        who = read_object(fields[cluster], "cluster")
        found[cluster] = Identity(
            server=read_text(who, "server"),
            context=read_text(who, "context", default=""),
            ca=read_text(who, "ca", default=""),
        )
    return MappingProxyType(found)
