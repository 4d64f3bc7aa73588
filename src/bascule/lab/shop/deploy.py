"""Brings the shop to a cluster through its Kubernetes API: server-side apply, then wait.

A client of a few lines on purpose: the lab shares no code with the product that it judges.
"""

import asyncio
import base64
import ssl
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import aiohttp
import msgspec
import yaml

from bascule.errors import ApiError, BasculeError, SpecError, TransportError

FIELD_MANAGER = "bascule-lab-shop"
CONCURRENT_MAX = 16
REQUEST_TIMEOUT_S = 30.0
AVAILABLE_TIMEOUT_S = 60.0
POLL_S = 0.05

T = TypeVar("T")

_PLURAL_BY_KIND = {
    "ConfigMap": "configmaps",
    "Deployment": "deployments",
    "EndpointSlice": "endpointslices",
    "Ingress": "ingresses",
    "IngressClass": "ingressclasses",
    "Namespace": "namespaces",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "Secret": "secrets",
    "Service": "services",
}
_ORDER = ("Namespace", "IngressClass", "Secret", "Deployment", "Service")
"""Kinds that go first, one after the other; the rest go together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A cluster to deploy to: what its kubeconfig says."""

    server: str
    authority: bytes
    certificate: bytes = b""
    key: bytes = b""
    token: str = ""


class ClusterApi:
    """Just enough of a Kubernetes client to deploy a shop and look at it."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def apply(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        """Apply one object server-side, by force. Raises ApiError, TransportError."""
        params = {"fieldManager": FIELD_MANAGER, "force": "true", "fieldValidation": "Strict"}
        return await self._request(
            "PATCH",
            object_path(manifest),
            params=params,
            data=msgspec.json.encode(manifest),
            headers={"content-type": "application/apply-patch+yaml"},
        )

    async def get(self, path: str) -> dict[str, Any]:
        """Fetch an object or a list. Raises ApiError, TransportError."""
        return await self._request("GET", path)

    async def read_log(self, namespace: str, pod: str) -> list[str]:
        """Return the last lines of a pod. Raises TransportError."""
        path = f"/api/v1/namespaces/{namespace}/pods/{pod}/log"
        try:
            async with self._session.get(path, raise_for_status=True) as response:
                return (await response.text()).splitlines()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TransportError(f"GET {path}: {str(error) or type(error).__name__}") from error

    async def patch(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Change an object by a merge patch. Raises ApiError, TransportError."""
        headers = {"content-type": "application/merge-patch+json"}
        data = msgspec.json.encode(body)
        return await self._request("PATCH", path, data=data, headers=headers)

    async def delete(self, path: str) -> dict[str, Any]:
        """Delete an object. Raises ApiError, TransportError."""
        return await self._request("DELETE", path)

    async def _request(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            async with self._session.request(method, path, **options) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TransportError(
                f"{method} {path}: {str(error) or type(error).__name__}"
            ) from error
        body: dict[str, Any] = msgspec.json.decode(content) if content else {}
        if response.status >= 400:
            raise ApiError(
                f"{method} {path}: {body.get('message', response.reason)}",
                status=response.status,
                reason=str(body.get("reason", "")),
            )
        return body


@asynccontextmanager
async def open_api(target: Target) -> AsyncIterator[ClusterApi]:
    """Open a client for this cluster."""
    connector = aiohttp.TCPConnector(ssl=_tls(target), limit=CONCURRENT_MAX)
    headers = {"authorization": f"Bearer {target.token}"} if target.token else {}
    async with aiohttp.ClientSession(
        target.server,
        connector=connector,
        headers=headers,
        timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
    ) as session:
        yield ClusterApi(session)


async def deploy(target: Target, objects: Iterable[Mapping[str, Any]]) -> int:
    """Apply all objects, wait until each Deployment is available; return how many were applied.

    Raises ApiError, TransportError, and TransportError too when a Deployment is not available
    after AVAILABLE_TIMEOUT_S.
    """
    waiting = [*objects]
    deployments = [item for item in waiting if item["kind"] == "Deployment"]
    async with open_api(target) as api:
        for stage in _stages(waiting):
            await _apply_all(api, stage)
        await wait_available(api, [object_path(item) for item in deployments])
    return len(waiting)


async def wait_available(api: ClusterApi, paths: Iterable[str]) -> None:
    """Return when every Deployment has all its replicas updated and available."""
    waiting = list(paths)
    try:
        async with asyncio.timeout(AVAILABLE_TIMEOUT_S):
            while waiting:
                waiting = [path for path in waiting if not _is_available(await api.get(path))]
                if waiting:
                    await asyncio.sleep(POLL_S)
    except TimeoutError as error:
        raise TransportError(
            f"not available after {AVAILABLE_TIMEOUT_S:g} s: {', '.join(waiting)}",
            remedy="look at the pods with kubectl describe",
        ) from error


async def together(work: Iterable[Coroutine[object, object, T]]) -> list[T]:
    """Run all of it at once and return the results in order; the first failure is raised plain."""
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(item) for item in work]
    except BaseExceptionGroup as group:  # Python before 3.11.4 groups what `except*` raises
        raise first_failure(group) from None
    return [task.result() for task in running]


def first_failure(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first failure of tasks, however deep it lies in groups of groups.

    The group itself where anything in it is no BasculeError.
    """
    failures, rest = group.split(BasculeError)
    return group if failures is None or rest is not None else _first(failures)


def _first(group: BaseExceptionGroup[BasculeError]) -> BasculeError:
    first = group.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first


def load_target(kubeconfig: Path, context: str | None = None) -> Target:
    """Read a lab's kubeconfig (inline data only). Raises SpecError for a context it lacks."""
    document = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    name = context or document.get("current-context", "")
    entry = _named(document, _Section("contexts", "context"), name, kubeconfig)
    cluster = _named(document, _Section("clusters", "cluster"), entry["cluster"], kubeconfig)
    user = _named(document, _Section("users", "user"), entry["user"], kubeconfig)
    return Target(
        server=cluster["server"],
        authority=base64.b64decode(cluster.get("certificate-authority-data", "")),
        certificate=base64.b64decode(user.get("client-certificate-data", "")),
        key=base64.b64decode(user.get("client-key-data", "")),
        token=user.get("token", ""),
    )


def object_path(manifest: Mapping[str, Any]) -> str:
    """Return the object's path at the API server."""
    api_version, kind = manifest["apiVersion"], manifest["kind"]
    metadata = manifest["metadata"]
    prefix = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
    namespace = metadata.get("namespace")
    middle = f"/namespaces/{namespace}" if namespace else ""
    return f"{prefix}{middle}/{_PLURAL_BY_KIND[kind]}/{metadata['name']}"


def _stages(objects: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    everything = list(objects)
    stages = [[item for item in everything if item["kind"] == kind] for kind in _ORDER]
    rest = [item for item in everything if item["kind"] not in _ORDER]
    return [stage for stage in (*stages, rest) if stage]


async def _apply_all(api: ClusterApi, objects: Iterable[Mapping[str, Any]]) -> None:
    gate = asyncio.Semaphore(CONCURRENT_MAX)

    async def apply(item: Mapping[str, Any]) -> None:
        async with gate:
            await api.apply(item)

    await together(apply(item) for item in objects)


def _is_available(deployment: Mapping[str, Any]) -> bool:
    wanted = deployment["spec"].get("replicas", 1)
    status = deployment.get("status") or {}
    return bool(
        status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 1)
        and status.get("updatedReplicas", 0) == wanted
        and status.get("availableReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
    )


class _Section(NamedTuple):
    plural: str
    singular: str


def _named(document: Mapping[str, Any], section: _Section, name: str, path: Path) -> dict[str, Any]:
    for entry in document.get(section.plural) or ():
        if entry.get("name") == name:
            body: dict[str, Any] = entry[section.singular]
            return body
    raise SpecError(f"there is no {section.singular} {name!r}", file=str(path))


def _tls(target: Target) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=target.authority.decode())
    if target.certificate:
        # The ssl module reads client certificates from files only.
        with tempfile.NamedTemporaryFile(prefix="bascule-lab-") as file:
            file.write(target.certificate + b"\n" + target.key)
            file.flush()
            context.load_cert_chain(file.name)
    return context
