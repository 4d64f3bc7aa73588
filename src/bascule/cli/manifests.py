"""Manifests on disk to the snapshots that two clusters would have, for the offline verbs."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bascule.app.files import read_file
from bascule.errors import SpecError, UsageError
from bascule.ids import Cluster
from bascule.manifest.objects import ManifestObject
from bascule.manifest.parse import parse_object
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.spec.document import Document, FieldPath, parse_documents

SUFFIXES = (".yaml", ".yml", ".json")
FILES_MAX = 10_000
STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class ManifestSource:
    """A file or directory of manifests, and the cluster that they are for."""

    cluster: Cluster
    path: Path


def load_snapshots(arguments: Sequence[str]) -> Mapping[Cluster, ClusterSnapshot]:
    """Return a complete snapshot of each cluster that `arguments` name.

    An argument is a file, a directory, `-`, or `CLUSTER=PATH`. A directory with a folder blue or
    green holds both clusters; anything else without a cluster is blue's. Raises SpecError with file
    and line for what is not a Kubernetes object, UsageError when there is nothing to read.
    """
    objects: dict[Cluster, list[ManifestObject]] = {}
    for argument in arguments:
        for source in _sources(argument):
            objects.setdefault(source.cluster, []).extend(_load_objects(source.path))
    return {cluster: ClusterSnapshot.of(found) for cluster, found in sorted(objects.items())}


def _sources(argument: str) -> list[ManifestSource]:
    name, has_name, rest = argument.partition("=")
    if has_name and name in tuple(Cluster):
        return [ManifestSource(Cluster(name), _existing(rest))]
    path = _existing(argument)
    folders = [ManifestSource(cluster, path / cluster) for cluster in Cluster]
    present = [source for source in folders if source.path.is_dir()]
    return present or [ManifestSource(Cluster.BLUE, path)]


def _existing(text: str) -> Path:
    path = Path(text)
    if text != STANDARD_INPUT and not path.exists():
        raise UsageError(
            f"there is no file or directory {text}",
            remedy="give a file or directory of manifests, or CLUSTER=PATH such as blue=manifests/",
        )
    return path


def _load_objects(path: Path) -> Iterator[ManifestObject]:
    if str(path) == STANDARD_INPUT:
        yield from parse_manifests(sys.stdin.read(), "standard input")
        return
    for file in _files(path):
        yield from parse_manifests(read_file(file), str(file))


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(f for f in path.rglob("*") if f.suffix in SUFFIXES and f.is_file())
    if not files:
        raise UsageError(f"{path} holds no file with a name in {', '.join(SUFFIXES)}")
    if len(files) > FILES_MAX:
        raise UsageError(f"{path} holds more than {FILES_MAX} manifests")
    return files


def parse_manifests(text: str, file: str) -> Iterator[ManifestObject]:
    """Yield the objects of a file that routing reads, Lists unfolded.

    Raises SpecError with file and line when a document is no Kubernetes object.
    """
    for document in parse_documents(text, file):
        for path, raw in _unfold(document, file):
            _require(document, file, path, raw)
            found = parse_object(raw)
            if found is not None:
                yield found


def _unfold(document: Document, file: str) -> Iterator[tuple[FieldPath, Mapping[str, object]]]:
    raw = document.value
    if not isinstance(raw, dict):
        raise _error(document, file, (), "a document should be a Kubernetes object, a map")
    kind, items = raw.get("kind"), raw.get("items")
    if not (isinstance(kind, str) and kind.endswith("List") and isinstance(items, list)):
        yield (), raw
        return
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            raise _error(document, file, ("items", index), "should be a Kubernetes object, a map")
        yield ("items", index), item


def _require(document: Document, file: str, path: FieldPath, raw: Mapping[str, object]) -> None:
    for key in ("apiVersion", "kind"):
        if not isinstance(raw.get(key), str) or not raw[key]:
            raise _error(document, file, (*path, key), f"a Kubernetes object needs {key}")
    meta = raw.get("metadata")
    name = meta.get("name") if isinstance(meta, dict) else None
    if not isinstance(name, str) or not name:
        where = (*path, "metadata", "name")
        raise _error(document, file, where, "a Kubernetes object needs a name")


def _error(document: Document, file: str, path: FieldPath, message: str) -> SpecError:
    from bascule.spec.load import render_path

    place = document.place(path)
    return SpecError(
        message, file=file, line=place.line, column=place.column, field=render_path(path)
    )
