"""What the verbs of `bascule platform` share: their options, the file, and the way to Azure."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from bascule.app.clock import SystemClock
from bascule.app.files import read_file
from bascule.app.logs import set_up_logs
from bascule.app.state_dir import StateDir, apply_state_dir, state_home
from bascule.azure import opening
from bascule.azure.credentials import CredentialKind
from bascule.azure.opening import SUBSCRIPTION, open_azure
from bascule.errors import LockedError
from bascule.platform.desired.ids import Ids
from bascule.platform.live import LiveArm
from bascule.platform.observe import fetch_existing
from bascule.platform.plan.gathering import Desired
from bascule.platform.plan.model import PlatformPlan
from bascule.platform.plan.planner import Existing, plan_platform
from bascule.platform.ports import Arm
from bascule.spec.azure.prices import Prices
from bascule.spec.load import parse_platform, parse_prices
from bascule.spec.platform import Platform
from bascule.storage.lock import hold_lock


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Which cloud and subscription are meant, and who to be there."""

    cloud: Annotated[
        str | None,
        typer.Option("--cloud", help="A cloud's name or https:// address, if not the file's."),
    ] = None
    subscription: Annotated[
        str | None,
        typer.Option("--subscription", help=f"Its id, if not the file's or ${SUBSCRIPTION}."),
    ] = None
    credential: Annotated[CredentialKind, typer.Option("--credential", help="How to sign in.")] = (
        CredentialKind.AUTO
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which file is meant, and where what is begun is remembered."""

    file: Annotated[Path, typer.Option("--file", "-f", help="The platform's file (platform.yaml).")]
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Directory, if not $XDG_STATE_HOME/bascule/platform/NAME."),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A platform's file, read, with what is needed beside it."""

    ids: Ids
    cloud: str
    prices: Prices | None
    ssh_public_key: str


def open_file(file: Path, access: Access) -> Opened:
    """Return what the file says. Raises SpecError for a wrong file, UsageError if names miss."""
    spec = parse_platform(read_file(file), file)
    key = spec.clusters.blue.ssh_public_key
    return Opened(
        ids=Ids(spec, find_subscription(access, spec.subscription)),
        cloud=access.cloud or spec.cloud,
        prices=_read_prices(spec),
        ssh_public_key="" if key is None else read_file(key),
    )


def find_subscription(access: Access, said: str | None) -> str:
    """Return the subscription that is meant: by the option, the file, the environment."""
    return opening.find_subscription(os.environ, access.subscription or said)


@asynccontextmanager
async def open_arm(cloud: str, kind: CredentialKind) -> AsyncIterator[Arm]:
    """Yield the Resource Manager of a cloud."""
    set_up_logs(least="warning")
    clock = SystemClock()
    async with open_azure(os.environ, clock=clock, cloud=cloud, kind=kind) as azure:
        yield LiveArm(azure.client)


async def fetch_plan(arm: Arm, opened: Opened) -> tuple[Desired, Existing, PlatformPlan]:
    """Return what should exist, what does, and what would be done."""
    ids = opened.ids
    desired, existing = await fetch_existing(arm, ids, ssh_public_key=opened.ssh_public_key)
    plan = plan_platform(ids, desired, existing, cloud=opened.cloud, prices=opened.prices)
    return desired, existing, plan


@contextmanager
def hold_state(source: Source, name: str) -> Iterator[Path]:
    """Yield the platform's state directory, held by nobody else while the block runs."""
    path = source.state or state_home(os.environ) / "platform" / name
    apply_state_dir(StateDir(path))
    try:
        with hold_lock(path / "lock"):
            yield path
    except LockedError as error:
        raise LockedError(
            f"another `bascule platform` works on {name}: {error.message}",
            remedy="let it end, or end it: what it has begun is not lost",
        ) from error


def _read_prices(spec: Platform) -> Prices | None:
    return None if spec.prices is None else parse_prices(read_file(spec.prices), spec.prices)
