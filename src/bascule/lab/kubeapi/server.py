"""The API server of one cluster: HTTPS on a loopback address, over a store."""

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiohttp import web

from bascule.lab.kubeapi import bootstrap
from bascule.lab.kubeapi.access.authentication import Authenticator
from bascule.lab.kubeapi.access.certificates import Certificates
from bascule.lab.kubeapi.access.kubeconfig import Access, write_kubeconfig
from bascule.lab.kubeapi.access.rbac import Rbac
from bascule.lab.kubeapi.access.tokens import TokenIssuer
from bascule.lab.kubeapi.access.users import MASTERS, User
from bascule.lab.kubeapi.custom_kinds import CustomKinds
from bascule.lab.kubeapi.http.call import Api
from bascule.lab.kubeapi.http.dispatch import Dispatcher
from bascule.lab.kubeapi.objects.schema import load_catalog
from bascule.lab.kubeapi.store import Store

ADMIN: Final = "kubernetes-admin"
BACKLOG: Final = 1_024
SHUTDOWN_S: Final = 1.0


class KubeApiServer:
    """Serves one store; the cluster's own certificates lie in `directory` (0700)."""

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
        catalog = load_catalog(version)
        self.custom = CustomKinds(store, catalog)
        self.api = Api(store=store, version=version, catalog=catalog, custom=self.custom)
        self._rbac = Rbac(store)
        authenticator = Authenticator(store, self.tokens, user_by_token=user_by_token or {})
        self._dispatcher = Dispatcher(self.api, authenticator=authenticator, rbac=self._rbac)
        self._runner: web.ServerRunner | None = None

    @property
    def url(self) -> str:
        """Return where clients find the server; the port is known once it is started."""
        return f"https://{self.address}:{self.port}"

    async def start(self) -> None:
        """Fill a new cluster with what it always holds, and listen."""
        bootstrap.fill(self.store)
        server = web.Server(self._dispatcher.answer, handler_cancellation=True)
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        listener = socket.socket(socket.AF_INET6 if ":" in self.address else socket.AF_INET)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.address, self.port))
        self.port = listener.getsockname()[1]
        context = self.certificates.server_context()
        site = web.SockSite(runner, listener, ssl_context=context, backlog=BACKLOG)
        await site.start()
        self._runner = runner

    async def stop(self) -> None:
        """End all watches and close the listener; the store stays open."""
        for watch in self._dispatcher.watches.select(lambda _: True):
            watch.end()
        if self._runner is not None:
            await self._runner.cleanup()
        self._runner = None
        self._rbac.close()

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
