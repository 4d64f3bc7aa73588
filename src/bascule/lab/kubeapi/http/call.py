"""One request on its way through the server, and what all requests share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from aiohttp import web

from bascule.lab.kubeapi.access.users import User
from bascule.lab.kubeapi.http.features import Feature
from bascule.lab.kubeapi.http.formats import Wanted
from bascule.lab.kubeapi.http.log_source import LogSource
from bascule.lab.kubeapi.http.paths import Target
from bascule.lab.kubeapi.kinds import Kind, ServedVersion
from bascule.lab.kubeapi.objects.schema import Catalog, Gvk, Schema
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]


class CustomFacts(Protocol):
    """What only a CustomResourceDefinition says about a kind."""

    def schema(self, kind: Kind, version: str) -> Schema | None:
        """Return the schema of one version of a custom kind, or None if it has none."""
        ...

    def printer_columns(self, kind: Kind, version: str) -> Sequence[Mapping[str, Any]] | None:
        """Return the additionalPrinterColumns of a version; None for a built-in kind."""
        ...

    def scale_paths(self, kind: Kind, version: str) -> Mapping[str, str] | None:
        """Return the JSON paths of the scale subresource, or None if there is none."""
        ...


@dataclass(slots=True, kw_only=True)
class Api:
    """What every request needs: the store, the schemas, and the pods' logs."""

    store: Store
    version: str
    catalog: Catalog
    custom: CustomFacts
    logs: LogSource | None = None
    disabled: frozenset[Feature] = frozenset()
    effects: Callable[[], Mapping[str, int]] | None = None

    def has(self, feature: Feature) -> bool:
        """Say whether a feature is on."""
        return feature not in self.disabled

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
