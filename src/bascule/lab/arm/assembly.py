"""The lab's Azure, put together: everything but sockets and processes."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec

from bascule.clock import Clock
from bascule.lab.arm.activity import ActivityLog
from bascule.lab.arm.admin import AdminPages, LabSettings
from bascule.lab.arm.authorization.authorizer import Authorizer
from bascule.lab.arm.authorization.principals import Principal, Principals
from bascule.lab.arm.authorization.provider import AuthorizationProvider
from bascule.lab.arm.compute import ComputeProvider
from bascule.lab.arm.counters import Counters
from bascule.lab.arm.dispatch import Dispatcher
from bascule.lab.arm.entra import jwt
from bascule.lab.arm.entra.directory import Directory
from bascule.lab.arm.entra.graph import Graph
from bascule.lab.arm.entra.imds import MetadataService
from bascule.lab.arm.entra.issuers import ClusterIssuers
from bascule.lab.arm.entra.pages import EntraPages
from bascule.lab.arm.entra.sign_in import IssuerKeys, SignIn
from bascule.lab.arm.entra.tokens import TokenDesk
from bascule.lab.arm.faults import FaultBoard
from bascule.lab.arm.front import Front
from bascule.lab.arm.groups import CorePages
from bascule.lab.arm.latency import make_durations
from bascule.lab.arm.monitor.book import pace_of
from bascule.lab.arm.operations import Operation, Operations
from bascule.lab.arm.providers import Built, Site, build_providers
from bascule.lab.arm.resources import ResourceStore
from bascule.lab.arm.state import Identity, SavedState, StateFile, kept_operations, restore
from bascule.lab.arm.throttling import Throttle
from bascule.lab.arm.world import ArmSettings, ArmWorld
from bascule.lab.supervisor.description import AzureDescription

FAST_THROTTLE_SCALE: Final = 50.0
REPLICATION_S: Final = 8.0
"""How long a new principal is not found by role assignments that do not say what it is."""
FIRST_NAME: Final = "bascule-lab"
MACHINE_NAME: Final = "bascule-lab-machine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the lab's Azure stands on."""

    clock: Clock
    url: str
    signing_key: ec.EllipticCurvePrivateKey
    make_secret: Callable[[], str]
    issuer_keys: IssuerKeys
    entropy: bytes
    """Of names and ids where the description names no seed; nothing secret comes from it."""
    state: Path | None = None
    """The file that it is kept in; None: nowhere."""
    directory: Path | None = None
    """Where clusters and gateways keep their files; None: nothing is live."""


class LabAzure:
    """Front door, metadata service and all that lies behind."""

    def __init__(self, description: AzureDescription, ground: Ground) -> None:
        self._ground = ground
        self._state = StateFile(ground.state, ground.clock)
        saved = self._state.load()
        self.identity = saved.identity if saved else _new_identity(description, ground)
        self.identity.starts += 1
        make_id, resources = _ids(self._dice(description, "ids")), ResourceStore()
        self.world = self._make_world(description, make_id, resources)
        self._restore(saved)
        self.directory = Directory(resources, make_id, ground.make_secret)
        if saved is not None:
            self.directory.state = saved.directory
        self._activity = ActivityLog(ground.clock, make_id)
        self._activity.load(saved.events if saved else ())
        lag_s = 0.0 if description.latency_model == "fast" else REPLICATION_S / description.speed
        self._principals = Principals(ground.clock, resources, lag_s=lag_s)
        self.dispatcher = self._make_dispatcher()
        self._built = self._build(description)
        self.logs = self._built.logs
        self.admin = self._make_admin(description)
        self.admin.on_settings = self._on_settings
        desk = self._make_desk(make_id)
        sign_in = SignIn(desk, self.directory, self._issuer_keys())
        entra = EntraPages(desk, sign_in, Graph(self.directory))
        self._welcome()
        self.imds = MetadataService(desk, self.directory, self.identity.machine_object_id)
        self.front = Front(
            self.world,
            self.dispatcher,
            entra=entra,
            admin=self.admin,
            logs=self.logs,
            make_request_id=_ids(self._dice(description, "requests")),
            on_write=self._state.save,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Let time pass for operations, and everything that lives be alive, meanwhile."""
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(self.world.operations.run()),
                tasks.create_task(self._state.run()),
            ]
            await asyncio.sleep(0)
            try:
                for each in self._built.living:
                    await each.start()
                yield
            finally:
                for task in running:
                    task.cancel()
                await asyncio.wait(running)
                for each in reversed(self._built.living):
                    await each.stop()
                self._state.save()

    # Putting together.

    def _dice(self, description: AzureDescription, purpose: str) -> Random:
        return _make_dice(description, self._ground, f"{self.identity.starts}/{purpose}")

    def _make_world(
        self, description: AzureDescription, make_id: Callable[[], UUID], resources: ResourceStore
    ) -> ArmWorld:
        ground = self._ground
        return ArmWorld(
            settings=_settings(description, ground, self.identity),
            clock=ground.clock,
            rng=self._dice(description, "names"),
            make_id=make_id,
            resources=resources,
            operations=Operations(ground.clock, make_id),
            durations=make_durations(
                description.latency_model, self._dice(description, "durations"), description.speed
            ),
        )

    def _restore(self, saved: SavedState | None) -> None:
        if saved is not None:
            restore(saved, self.world.resources, self.world.operations)
        self.world.resources.on_change = lambda _id: self._state.mark()
        self._state.collect = self._collect

    def _collect(self) -> SavedState:
        return SavedState(
            identity=self.identity,
            documents=self.world.resources.save(),
            operations=kept_operations(self.world.operations),
            directory=self.directory.state,
            events=self._activity.save(),
        )

    def _make_dispatcher(self) -> Dispatcher:
        authorizer = Authorizer(self.world)
        dispatcher = Dispatcher(self.world, authorize=authorizer.check)
        dispatcher.on_answer = self._activity.note
        dispatcher.core = CorePages(
            self.world,
            dispatcher,
            has_role=lambda caller: any(authorizer.grants_of(caller.object_id)),
        ).handle
        return dispatcher

    def _build(self, description: AzureDescription) -> Built:
        site = Site(
            world=self.world,
            dispatcher=self.dispatcher,
            principals=self._principals,
            activity=self._activity,
            directory=self._ground.directory,
            sign_in_key=jwt.Signer(self._ground.signing_key).key_set()["keys"][0],
            speed=description.speed,
            pace=pace_of(description.latency_model, description.speed),
        )
        built = build_providers(site)
        for provider in built.providers:
            self.dispatcher.add(provider)
        return built

    def _make_admin(self, description: AzureDescription) -> AdminPages:
        clock = self.world.clock
        is_fast = description.latency_model == "fast"
        faults = FaultBoard(clock, self._dice(description, "faults"))
        self.world.operations.choose_fate = faults.fate_of
        self.world.operations.on_end = self._on_end
        return AdminPages(
            secret=self.identity.admin_secret,
            faults=faults,
            throttle=Throttle(clock, FAST_THROTTLE_SCALE if is_fast else description.speed),
            counters=Counters(),
        )

    def _make_desk(self, make_id: Callable[[], UUID]) -> TokenDesk:
        return TokenDesk(
            jwt.Signer(self._ground.signing_key),
            self.directory,
            clock=self.world.clock,
            tenant_id=self.identity.tenant_id,
            url=self._ground.url,
            make_id=make_id,
        )

    def _issuer_keys(self) -> IssuerKeys:
        place, otherwise = self._ground.directory, self._ground.issuer_keys
        if place is None:
            return otherwise
        return ClusterIssuers(self.world.resources, place / "clusters", otherwise).keys

    def _on_settings(self, settings: LabSettings) -> None:
        self._principals.lag_s = settings.principal_lag_s
        for provider in self._built.providers:
            if isinstance(provider, ComputeProvider):
                provider.restrict(settings.core_limits, settings.withheld_sizes)

    def _on_end(self, operation: Operation) -> None:
        self._activity.end(operation)
        self._state.mark()

    # Who is there from the beginning.

    def _welcome(self) -> None:
        self.directory.on_change = self._on_principals
        if not self.identity.first_object_id:
            self._add_first()
        self._on_principals()

    def _add_first(self) -> None:
        """Make the first service principal, Owner of the subscription, and the machine's own."""
        application = self.directory.add_application(FIRST_NAME)
        first = self.directory.add_service_principal(application["appId"])
        _, secret = self.directory.add_secret(application["appId"])
        machine = self.directory.add_application(MACHINE_NAME)
        machine_principal = self.directory.add_service_principal(machine["appId"])
        self.identity.first_object_id = first["id"]
        self.identity.first_app_id = application["appId"]
        self.identity.first_secret = secret
        self.identity.machine_object_id = machine_principal["id"]
        scope = f"/subscriptions/{self.identity.subscription_id}"
        for provider in self._built.providers:
            if isinstance(provider, AuthorizationProvider):
                provider.grant(first["id"], "Owner", scope)

    def _on_principals(self) -> None:
        known = self.directory.state.service_principals
        for each in known.values():
            if self._principals.find(each["id"]) is None:
                self._principals.add(
                    Principal(id=each["id"], name=each["displayName"], app_id=each["appId"])
                )
        self._state.mark()
        self._state.save()


def _new_identity(description: AzureDescription, ground: Ground) -> Identity:
    make_id = _ids(_make_dice(description, ground, "identity"))
    return Identity(
        tenant_id=str(make_id()),
        subscription_id=str(make_id()),
        admin_secret=ground.make_secret(),
    )


def _ids(rng: Random) -> Callable[[], UUID]:
    return lambda: UUID(int=rng.getrandbits(128), version=4)


def _make_dice(description: AzureDescription, ground: Ground, purpose: str) -> Random:
    """Return a source of ids or durations, of its own for each purpose and each start.

    So durations are the same for a seed, however often somebody polls.
    """
    if description.seed:
        return Random(f"{description.seed}/{purpose}")  # noqa: S311 - ids, not secrets
    return Random(ground.entropy + purpose.encode())  # noqa: S311 - ids, not secrets


def _settings(description: AzureDescription, ground: Ground, identity: Identity) -> ArmSettings:
    return ArmSettings(
        tenant_id=identity.tenant_id,
        subscription_id=identity.subscription_id,
        url=ground.url,
        location=description.location,
        honours_if_match=description.if_match == "honour",
    )
