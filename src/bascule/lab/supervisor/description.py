"""What a lab is, and where its files lie."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from bascule.errors import UsageError

NAME_DEFAULT = "lab"
CLUSTERS_DEFAULT = "blue=1.33,green=1.36"
CLUSTERS_MAX = 8
_NAME = re.compile(r"^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$")


class ClusterDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster of a lab."""

    name: str
    version: str


class AzureDescription(msgspec.Struct, frozen=True, kw_only=True):
    """What a lab's Azure is like."""

    latency_model: Literal["fast", "real"] = "fast"
    speed: float = 1.0
    """What recorded durations are divided by."""
    if_match: Literal["honour", "ignore"] = "honour"
    """Whether application gateways honour If-Match."""
    location: str = "chinanorth2"
    seed: int = 0
    """Of durations, names and faults; 0: another one each time."""


class LabDescription(msgspec.Struct, frozen=True, kw_only=True):
    """A lab as it was asked for; kept in lab.json."""

    name: str
    clusters: tuple[ClusterDescription, ...]
    nodes: int = 3
    restarts: bool = False
    """Whether a cluster process that dies is started again."""
    latency_ms: float = 0.0
    """Latency of every pod whose template does not set its own."""
    azure: AzureDescription | None = None
    """The lab's Azure, if it has one; then it makes its clusters itself."""

    def context(self, cluster: str) -> str:
        """Return the kubeconfig context of a cluster."""
        return f"{self.name}-{cluster}"


@dataclass(frozen=True, slots=True)
class LabDirectory:
    """The files of one lab, all below `path` (0700)."""

    path: Path

    @property
    def description(self) -> Path:
        """What the lab is."""
        return self.path / "lab.json"

    @property
    def lock(self) -> Path:
        """Held by the supervisor as long as it lives."""
        return self.path / "lock"

    @property
    def pid(self) -> Path:
        """The supervisor's process."""
        return self.path / "supervisor.pid"

    @property
    def log(self) -> Path:
        """What the supervisor says."""
        return self.path / "supervisor.log"

    @property
    def ready(self) -> Path:
        """Present while all clusters serve."""
        return self.path / "ready.json"

    @property
    def kubeconfig(self) -> Path:
        """All clusters' contexts in one file (0600)."""
        return self.path / "kubeconfig"

    def cluster(self, name: str) -> Path:
        """Return the directory of one cluster."""
        return self.path / "clusters" / name

    def cluster_pid(self, name: str) -> Path:
        """Return the file that names one cluster's process."""
        return self.cluster(name) / "cluster.pid"

    def cluster_port(self, name: str) -> Path:
        """Return the file that keeps one API server's port across restarts."""
        return self.cluster(name) / "port"

    def cluster_log(self, name: str) -> Path:
        """Return the log of one cluster's process."""
        return self.cluster(name) / "cluster.log"

    @property
    def azure(self) -> Path:
        """Everything that the lab's Azure keeps."""
        return self.path / "azure"

    @property
    def azure_pid(self) -> Path:
        """The process of the lab's Azure."""
        return self.azure / "arm.pid"

    @property
    def azure_log(self) -> Path:
        """What the lab's Azure says."""
        return self.azure / "arm.log"

    @property
    def azure_ready(self) -> Path:
        """Present while the lab's Azure serves: its process and addresses."""
        return self.azure / "ready.json"

    @property
    def azure_access(self) -> Path:
        """How the lab's first service principal signs in, and the lab's own secret (0600)."""
        return self.azure / "access.json"

    @property
    def azure_secret(self) -> Path:
        """The secret of the lab's first service principal, alone (0600)."""
        return self.azure / "client-secret"

    @property
    def azure_config(self) -> Path:
        """AZURE_CONFIG_DIR: the configuration of the real az."""
        return self.path / "az"

    @property
    def authority(self) -> Path:
        """The certificate authority of the lab's Azure (PEM)."""
        return self.path / "ca.pem"

    def load(self) -> LabDescription | None:
        """Return what the lab is, or None if there is none here."""
        try:
            return msgspec.json.decode(self.description.read_bytes(), type=LabDescription)
        except FileNotFoundError:
            return None
        except msgspec.MsgspecError as error:
            raise UsageError(
                f"{self.description} cannot be read: {error}",
                remedy=f"remove {self.path} and start the lab again",
            ) from error


def parse_clusters(text: str) -> tuple[ClusterDescription, ...]:
    """Read `blue=1.33,green=1.36`. Raises UsageError; the versions themselves are not judged."""
    clusters = []
    for part in text.split(","):
        name, _, version = part.strip().partition("=")
        if not _NAME.match(name) or not version:
            raise UsageError(
                f"clusters: {part.strip()!r} is not NAME=VERSION",
                remedy="write for example --clusters blue=1.33,green=1.36",
            )
        clusters.append(ClusterDescription(name=name, version=version.removeprefix("v")))
    names = [cluster.name for cluster in clusters]
    if len(set(names)) != len(names):
        raise UsageError(f"clusters: {text!r} names a cluster twice")
    if len(clusters) > CLUSTERS_MAX:
        raise UsageError(f"clusters: at most {CLUSTERS_MAX} in one lab")
    return tuple(clusters)


def check_name(name: str) -> str:
    """Return the name of a lab if it can be one. Raises UsageError."""
    if not _NAME.match(name):
        raise UsageError(
            f"{name!r} cannot name a lab", remedy="use lower case letters, digits and dashes"
        )
    return name


def labs_root(environment: Mapping[str, str]) -> Path:
    """Return where the labs of this user lie."""
    state = environment.get("XDG_STATE_HOME") or ""
    root = (
        Path(state) if state else Path(environment.get("HOME", "~")).expanduser() / ".local/state"
    )
    return root / "bascule" / "lab"
