"""Looks inside a cluster, by its own API, for controllers that write gateways."""

import asyncio
import base64
import binascii
import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from bascule.azure.document import Document, list_at, number_at, object_at, text_at, truth_at
from bascule.checks.azure.facts import ControllerFacts, ControllerKind, InsideFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.errors import BasculeError, NotFoundError
from bascule.kube import resources
from bascule.kube.client import ALL, KubeClient, Selection
from bascule.kube.resources import Resource

INSIDE_S = 30.0
"""How long one list may take."""
CHART = "ingress-azure"
IMAGE = "application-gateway/kubernetes-ingress"
"""A part of the image's name in each of the registries that it was ever published in."""
ADD_ON = "ingress-appgw"
"""The label `app` of what AKS's add-on and AGIC's chart run."""
CHART_LABEL = "helm.sh/chart"
RELEASE_BYTES_MAX = 32 * 2**20
"""How large a release may be once it is unpacked."""
FLUX = Resource("helm.toolkit.fluxcd.io", "v2", "helmreleases", "HelmRelease")
EXTENSIONS = Resource(
    "acn.azure.com", "v1alpha1", "overlayextensionconfigs", "OverlayExtensionConfig"
)
ARGO = Resource("argoproj.io", "v1alpha1", "applications", "Application")

Look = Callable[[Document], Iterator[ControllerFacts]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where signs may be found, and how they are told from other objects."""

    what: str
    resource: Resource
    look: Look
    selection: Selection = ALL


async def fetch_inside(client: KubeClient) -> InsideFacts:
    """Return the signs of AGIC in a cluster, and what it did not let us list."""
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(_fetch_signs(client, place)) for place in _places()]
        extensions = tasks.create_task(_fetch_extensions(client))
    found = [task.result() for task in asked]
    return InsideFacts(
        controllers=tuple(
            sign for each in found if not isinstance(each, Unreadable) for sign in each
        ),
        unseen=tuple(each for each in found if isinstance(each, Unreadable)),
        extensions=extensions.result(),
    )


def _places() -> tuple[_Place, ...]:
    releases = Selection(field_selector="type=helm.sh/release.v1")
    return (
        _Place(what="the Deployments", resource=resources.DEPLOYMENTS, look=find_deployment),
        _Place(what="the Pods", resource=resources.PODS, look=find_pod),
        _Place(
            what="the secrets of Helm",
            resource=resources.SECRETS,
            look=find_release,
            selection=releases,
        ),
        _Place(what="the HelmReleases of Flux", resource=FLUX, look=find_flux),
        _Place(what="the Applications of Argo CD", resource=ARGO, look=find_argo),
    )


async def _fetch_signs(
    client: KubeClient, place: _Place
) -> tuple[ControllerFacts, ...] | Unreadable:
    try:
        async with asyncio.timeout(INSIDE_S):
            listing = await client.list_all(
                place.resource,
                selection=place.selection,
                keep=lambda raw: tuple(place.look(raw)),
            )
    except NotFoundError:
        return ()  # such objects do not exist there
    except TimeoutError:
        return Unreadable(what=place.what, reason=f"no answer within {INSIDE_S:g} s")
    except BasculeError as error:
        return Unreadable(what=place.what, reason=error.message, remedy=error.remedy)
    return tuple(sign for signs in listing.items for sign in signs)


async def _fetch_extensions(client: KubeClient) -> tuple[str, ...] | None:
    """Return what may reach the pods of an overlay; None where it cannot be listed."""
    try:
        async with asyncio.timeout(INSIDE_S):
            listing = await client.list_all(EXTENSIONS, keep=find_extension)
    except NotFoundError:
        return ()  # the cluster knows no such objects
    except (BasculeError, TimeoutError):
        return None
    return tuple(sorted({each for each in listing.items if each}))


def find_extension(raw: Document) -> str:
    """Return the range that an OverlayExtensionConfig names; empty: none that is in force."""
    state = text_at(raw, "status", "state")
    return text_at(raw, "spec", "extensionIPRange") if state in {"", "Succeeded"} else ""


def find_deployment(raw: Document) -> Iterator[ControllerFacts]:
    """Yield a Deployment that runs AGIC, by its image or by its labels."""
    template = object_at(raw, "spec", "template")
    if _runs_agic(object_at(template, "spec")) or _is_labelled(raw) or _is_labelled(template):
        is_idle = number_at(raw, "spec", "replicas") == 0
        yield _sign(ControllerKind.DEPLOYMENT, raw, is_idle=is_idle)


def find_pod(raw: Document) -> Iterator[ControllerFacts]:
    """Yield a Pod that runs AGIC and belongs to no ReplicaSet, whose Deployment would show it."""
    owners = {text_at(each, "kind") for each in list_at(raw, "metadata", "ownerReferences")}
    is_over = text_at(raw, "status", "phase") in {"Succeeded", "Failed"}
    if "ReplicaSet" not in owners and not is_over and _runs_agic(object_at(raw, "spec")):
        yield _sign(ControllerKind.POD, raw)


def _runs_agic(spec: Document) -> bool:
    return any(IMAGE in text_at(each, "image") for each in list_at(spec, "containers"))


def _is_labelled(raw: Document) -> bool:
    labels = object_at(raw, "metadata", "labels")
    return text_at(labels, "app") == ADD_ON or text_at(labels, CHART_LABEL).startswith(CHART)


def find_release(raw: Document) -> Iterator[ControllerFacts]:
    """Yield a Helm release of AGIC's chart that is deployed now."""
    labels = object_at(raw, "metadata", "labels")
    if text_at(labels, "status") not in {"deployed", "pending-upgrade", "pending-install"}:
        return
    release = _unpack(text_at(raw, "data", "release"))
    if text_at(release, "chart", "metadata", "name") == CHART:
        yield ControllerFacts(
            kind=ControllerKind.HELM,
            namespace=text_at(raw, "metadata", "namespace"),
            name=text_at(labels, "name") or text_at(release, "name"),
        )


def find_flux(raw: Document) -> Iterator[ControllerFacts]:
    """Yield a HelmRelease of Flux that installs AGIC's chart."""
    if text_at(raw, "spec", "chart", "spec", "chart") == CHART:
        is_idle = truth_at(raw, "spec", "suspend") is True
        yield _sign(ControllerKind.GITOPS, raw, is_idle=is_idle)


def find_argo(raw: Document) -> Iterator[ControllerFacts]:
    """Yield an Application of Argo CD that installs AGIC's chart."""
    sources = (object_at(raw, "spec", "source"), *list_at(raw, "spec", "sources"))
    if any(text_at(each, "chart") == CHART for each in sources):
        yield _sign(ControllerKind.GITOPS, raw)


def _sign(kind: ControllerKind, raw: Document, *, is_idle: bool = False) -> ControllerFacts:
    return ControllerFacts(
        kind=kind,
        namespace=text_at(raw, "metadata", "namespace"),
        name=text_at(raw, "metadata", "name"),
        is_idle=is_idle,
    )


def _unpack(text: str) -> Document:
    """Return the release in a secret: base64 of base64 of gzip of JSON; empty if it is not."""
    try:
        packed = base64.b64decode(base64.b64decode(text))
        unpacked = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed, RELEASE_BYTES_MAX)
        found: object = json.loads(unpacked)
    except (binascii.Error, gzip.BadGzipFile, zlib.error, ValueError):
        return {}
    return cast("Document", found) if isinstance(found, Mapping) else {}
