"""What a cluster process is to be: its version, addresses and node pools, as a file says it.

The process reads the file when it starts and at each SIGHUP, makes the cluster so, and then writes
the plan's generation down beside it.
"""

from pathlib import Path

import msgspec

PLAN_FILE = "plan.json"
APPLIED_FILE = "applied.json"
ACCESS_FILE = "access.json"


class NodePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One machine."""

    name: str
    address: str
    zone: str = "0"
    provider_id: str = ""


class PoolPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Machines that are alike; `spare` is used while the others are replaced, then given back."""

    name: str
    version: str
    nodes: tuple[NodePlan, ...]
    spare: NodePlan | None = None
    labels: dict[str, str] = {}
    taints: tuple[str, ...] = ()
    """Each as `key=value:Effect`."""
    machine: str = ""
    cpu: str = "2"
    memory: str = "7Gi"
    pods: int = 110


class AddressPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses from the first to the last, and where the processes behind them really are.

    `bound_to` is `127`, which takes the place of the first octet, or such as `127.70`, which takes
    the place of the first two.
    """

    first: str
    last: str
    bound_to: str = "127"


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Whose tokens the API server takes besides its own."""

    audience: str
    tenant_id: str
    key: dict[str, str]
    """A JSON Web Key."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """Who of those who sign in may do what: object ids of principals and groups."""

    admins: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()


class ClusterPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole cluster; a plan with a higher generation takes the place of the one before."""

    version: str
    """Of the control plane, such as `1.35.2`."""
    region: str
    pods: AddressPlan
    balancers: AddressPlan
    services: str
    """The range of cluster IPs, such as `10.0.0.0/16`."""
    pools: tuple[PoolPlan, ...]
    sign_in: SignIn | None = None
    issuer: str = ""
    """What tokens of service accounts say who they are from; as usual if empty."""
    generation: int = 0


class Applied(msgspec.Struct, frozen=True, kw_only=True):
    """How far a process has come: the last plan that it looked at, and why that failed, if so."""

    generation: int
    error: str = ""


def load_plan(path: Path) -> ClusterPlan:
    """Return the plan in a file. Raises OSError and msgspec.MsgspecError."""
    return msgspec.json.decode(path.read_bytes(), type=ClusterPlan)


def write_json(path: Path, content: msgspec.Struct) -> None:
    """Write a plan or its outcome, in one step."""
    draft = path.with_suffix(".new")
    draft.write_bytes(msgspec.json.encode(content))
    draft.replace(path)


def load_applied(path: Path) -> Applied | None:
    """Return how far the process has come, or None if it has not said so."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Applied)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None
