"""The API server of one cluster: HTTPS on a loopback address, over a store."""

import asyncio
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Final

from bascule.lab.kubeapi import bootstrap
from bascule.lab.kubeapi.access.authentication import Authenticator
from bascule.lab.kubeapi.access.certificates import Certificates
from bascule.lab.kubeapi.access.kubeconfig import Access, write_kubeconfig
from bascule.lab.kubeapi.access.rbac import Rbac
from bascule.lab.kubeapi.access.tokens import TokenIssuer
from bascule.lab.kubeapi.access.users import MASTERS, User
from bascule.lab.kubeapi.custom_kinds import CustomKinds
from bascule.lab.kubeapi.faults import FaultBoard, Faults, Outage
from bascule.lab.kubeapi.http.call import Api
from bascule.lab.kubeapi.http.deprecations import DeprecatedUse
from bascule.lab.kubeapi.http.dispatch import Dispatcher, Parts
from bascule.lab.kubeapi.http.lab_pages import LabPages
from bascule.lab.kubeapi.http.log_source import LogSource
from bascule.lab.kubeapi.http.openapi_pages import OpenApiPages
from bascule.lab.kubeapi.http.reading import PinnedLists
from bascule.lab.kubeapi.http.reviews import Reviews
from bascule.lab.kubeapi.http.watching import Watches
from bascule.lab.kubeapi.kinds import parse_minor, release_of
from bascule.lab.kubeapi.listener import Listener
from bascule.lab.kubeapi.objects.schema import load_catalog
from bascule.lab.kubeapi.store import Store

ADMIN: Final = "kubernetes-admin"


class KubeApiServer:
    """Serves one store; the cluster's own certificates lie in `directory` (0700).

    `start` and `stop` are called by one task, which is the parent of the server's own.
    """

    def __init__(
        self,
        store: Store,
        *,
        version: str,
        directory: Path,
        address: str = "127.0.0.1",
        port: int = 0,
        user_by_token: Mapping[str, User] | None = None,
    ) -> None:
        self.store = store
        self.address = address
        self.port = port
        self.certificates = Certificates(directory, clock=store.clock, address=address)
        self.tokens = TokenIssuer(self.certificates.token_key)
        catalog = load_catalog(release_of(version))
        self._custom = CustomKinds(store, catalog)
        self._api = Api(store=store, version=version, catalog=catalog, custom=self._custom)
        self._parts = self._assemble(self._custom, user_by_token or {})
        context = self.certificates.server_context()
        self._listener = Listener(Dispatcher(self._parts).answer, context)
        self._stack = AsyncExitStack()
        self._tasks: asyncio.TaskGroup | None = None
        self._outage: asyncio.Task[None] | None = None
        self._outage_is_over = asyncio.Event()

    @property
    def url(self) -> str:
        """Return where clients find the server; the port is known once it is started."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"https://{host}:{self.port}"

    def attach(
        self,
        *,
        logs: LogSource | None = None,
        effects: Callable[[], Mapping[str, int]] | None = None,
        outer: Callable[[str], User | None] | None = None,
    ) -> None:
        """Say where logs and the ledger of side effects are found, and who knows other tokens."""
        if outer is not None:
            self._parts.authenticator.outer = outer
        self._api.logs = logs or self._api.logs
        self._api.effects = effects or self._api.effects

    async def start(self) -> None:
        """Fill a new cluster with what it always holds, and listen or raise OSError."""
        bootstrap.fill(self.store)
        self.port = await self._listener.open(self.address, self.port)
        self._tasks = await self._stack.enter_async_context(asyncio.TaskGroup())

    async def stop(self) -> None:
        """End all watches and close the listener; the store stays open."""
        if self._outage is not None:
            self._outage.cancel()
        for watch in self._parts.watches.select(lambda _: True):
            watch.end()
        await self._listener.shut_down()
        await self._stack.aclose()
        self._parts.rbac.close()

    async def upgrade(self, version: str) -> None:
        """Serve another release; all clients are cut off for a moment, as by a restart."""
        catalog = load_catalog(release_of(version))
        self.store.move_to(parse_minor(version))
        self._api.version, self._api.catalog = version, catalog
        self._custom.use(catalog)
        self._parts.openapi.use(catalog)
        self._outage_is_over.clear()
        await self._go_away(Outage(duration_s=RESTART_S))

    def order(self, faults: Faults) -> None:
        """Put faults in force, as `PUT /lab/faults` does; `Faults()` ends them."""
        self._parts.lab.order(faults)

    def access(
        self, context: str, *, user: str = ADMIN, groups: tuple[str, ...] = (MASTERS,)
    ) -> Access:
        """Return a context with a fresh client certificate for this user."""
        certificate_pem, key_pem = self.certificates.issue_client(user, groups)
        return Access(
            context=context,
            server=self.url,
            authority_pem=self.certificates.authority_pem,
            certificate_pem=certificate_pem,
            key_pem=key_pem,
        )

    def write_kubeconfig(self, path: Path, *, context: str) -> None:
        """Write the administrator's kubeconfig (0600)."""
        write_kubeconfig(path, [self.access(context)])

    def _assemble(self, custom: CustomKinds, user_by_token: Mapping[str, User]) -> Parts:
        store, api = self.store, self._api
        rbac = Rbac(store)
        authenticator = Authenticator(store, self.tokens, user_by_token=user_by_token)
        watches, pinned = Watches(), PinnedLists()
        board = FaultBoard(random.Random(0))  # noqa: S311 - which requests fail, not a secret
        return Parts(
            api=api,
            authenticator=authenticator,
            rbac=rbac,
            reviews=Reviews(rbac, authenticator),
            openapi=OpenApiPages(store, api.catalog, custom),
            board=board,
            lab=LabPages(api, board, watches=watches, pinned=pinned, on_faults=self._on_faults),
            watches=watches,
            pinned=pinned,
            certificates=self.certificates,
            tokens=self.tokens,
            deprecated=DeprecatedUse(),
        )

    def _on_faults(self, faults: Faults) -> None:
        if faults.outage is None:
            self._outage_is_over.set()
        elif self._tasks is not None and self._outage is None:
            self._outage_is_over.clear()
            self._outage = self._tasks.create_task(self._go_away(faults.outage))

    async def _go_away(self, outage: Outage) -> None:
        """Be away for a while; the request that ordered it still gets its answer."""
        await asyncio.sleep(ANSWER_FIRST_S)
        try:
            if outage.mode == "refuse":
                self._listener.close()
            else:
                self._listener.resets = True
            self._listener.reset_connections()
            with suppress(TimeoutError):
                async with asyncio.timeout(outage.duration_s):
                    await self._outage_is_over.wait()
        finally:
            self._outage = None
            self._listener.resets = False
        if outage.mode == "refuse":
            await self._come_back()

    async def _come_back(self) -> None:
        """Listen again; whoever took the port in the meantime has a while to let it go."""
        for _ in range(COME_BACK_TRIES_MAX):
            try:
                await self._listener.open(self.address, self.port)
            except OSError:
                await asyncio.sleep(COME_BACK_INTERVAL_S)
            else:
                return
        raise OSError(f"port {self.port} was taken during an outage and not given back")


RESTART_S: Final = 0.1
"""How long an upgrade takes the server away."""
ANSWER_FIRST_S: Final = 0.05
"""An outage begins this long after it was ordered."""
COME_BACK_TRIES_MAX: Final = 300
COME_BACK_INTERVAL_S: Final = 0.1
