"""One request on its way through the server, and what all requests share."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from bascule.lab.kubeapi.access.users import User
from bascule.lab.kubeapi.http.formats import Wanted
from bascule.lab.kubeapi.http.paths import Target
from bascule.lab.kubeapi.kinds import Kind, ServedVersion
from bascule.lab.kubeapi.objects.schema import Catalog, Gvk, Schema
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRequest:
    """Which lines of which container are wanted; `tail_lines` None means all."""

    namespace: str
    pod: str
    container: str
    follow: bool = False
    tail_lines: int | None = None
    since_s: float | None = None
    timestamps: bool = False
    previous: bool = False
    limit_bytes: int | None = None


class LogSource(Protocol):
    """Where the lines of containers come from."""

    def read(self, request: LogRequest) -> AsyncIterator[str]:
        """Yield the lines, without newlines; ends at the end of the log unless it follows."""
        ...


class CustomKinds(Protocol):
    """What only a CustomResourceDefinition says about a kind."""

    def schema(self, kind: Kind, version: str) -> Schema | None:
        """Return the schema of one version of a custom kind, or None if it has none."""
        ...

    def printer_columns(self, kind: Kind, version: str) -> Sequence[Mapping[str, Any]] | None:
        """Return the additionalPrinterColumns of a version; None for a built-in kind."""
        ...


@dataclass(slots=True, kw_only=True)
class Api:
    """What every request needs: the store, the schemas, and the pods' logs."""

    store: Store
    version: str
    catalog: Catalog
    custom: CustomKinds
    logs: LogSource | None = None
    effects: Callable[[], Mapping[str, int]] | None = None

    def schema(self, kind: Kind, version: str) -> Schema | None:
        """Return the schema of a kind in one of its versions."""
        if kind.is_custom:
            return self.custom.schema(kind, version)
        return self.catalog.schema_of(Gvk(group=kind.group, version=version, kind=kind.kind))


@dataclass(slots=True, kw_only=True)
class Call:
    """One authenticated request about objects of one kind."""

    api: Api
    request: web.BaseRequest
    target: Target
    kind: Kind
    version: ServedVersion
    user: User
    wanted: Wanted
    warnings: list[str] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """Return the store of the cluster."""
        return self.api.store

    @property
    def resource(self) -> str:
        """Return the group resource under which the objects are stored."""
        return self.kind.storage_resource

    @property
    def query(self) -> Mapping[str, str]:
        """Return the query parameters."""
        return self.request.query

    @property
    def schema(self) -> Schema | None:
        """Return the schema of the version asked for."""
        return self.api.schema(self.kind, self.version.name)
