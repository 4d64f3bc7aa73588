"""One gateway that two machines may run: its file, its database, its Envoy, each `bascule run`.

The Envoy is run elsewhere and knows both runtimes, A first. All of them are processes.
"""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from tests.support.envoy_elsewhere import read_admin, run_envoy, write_certificates
from tests.support.network import free_port
from tests.support.postgres import PostgresServer
from tests.support.site import START_LIMIT_S, Site, wait_until

_GATEWAY = """\
name: {name}
clusters:
  blue: {{kubeconfig: {kubeconfig}, context: {lab}-blue}}
  green: {{kubeconfig: {kubeconfig}, context: {lab}-green}}
listeners:
  - {{name: http, port: {port}}}
report: []
"""
_TELL = """
CREATE FUNCTION bascule.tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
PERFORM pg_notify('recorded', ''); RETURN new; END $$;
CREATE TRIGGER tell AFTER INSERT ON bascule.record EXECUTE FUNCTION bascule.tell()"""
_FIND = "SELECT 1 FROM bascule.record WHERE kind = %s AND data LIKE %s"


@dataclass(slots=True, kw_only=True)
class Runtime:
    """One machine with its `bascule run`: files of its own, and a port for Envoys elsewhere."""

    folder: Path
    """Where the gateway's file and the certificates are."""
    name: str
    url: str
    port: int
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes]" = field(init=False)

    def start(self, *arguments: str) -> None:
        self.home.mkdir(exist_ok=True)
        files = (("cert", "server.crt"), ("key", "server.key"), ("ca", "ca.crt"))
        xds = [f"--xds-{option}={self.folder / name}" for option, name in files]
        with self._out.open("wb") as told, self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "bascule", "run", "--output", "json"),
                    *("-f", str(self.folder / "gateway.yaml"), "--state", self.url),
                    *(*xds, "--xds-listen", f"127.0.0.1:{self.port}", *arguments),
                ],
                env={**self.environment, "XDG_STATE_HOME": str(self.home)},
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=log,
                start_new_session=True,
            )

    @property
    def home(self) -> Path:
        return self.folder / self.name

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def has_said(self, event: str) -> bool:
        told = [json.loads(line) for line in self._out.read_text().splitlines()]
        return any(document.get("event") == event for document in told)

    def await_said(self, event: str) -> None:
        """Return once it has told of `event`; it must not end before."""
        wait_until(lambda: self.has_said(event) or self.has_ended)
        assert not self.has_ended, self.log

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def await_end(self) -> int:
        """Return the exit code with which it ends by itself."""
        return self.process.wait(timeout=START_LIMIT_S)

    def end(self) -> int:
        """End it in order and return its exit code."""
        self.process.terminate()
        return self.await_end()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def _out(self) -> Path:
        return self.home / "run.out"

    @property
    def _log(self) -> Path:
        return self.home / "run.log"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One record as it stands in the database."""

    seq: int
    generation: int
    kind: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class FarGateway:
    """A gateway whose journal is in a database, and whose Envoy is told by A or B."""

    folder: Path
    name: str
    port: int
    """Where Envoy listens."""
    url: str
    site: Site
    postgres: PostgresServer
    xds_ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))

    def make_runtimes(self) -> list[Runtime]:
        """Return both runtimes, not started."""
        return [
            Runtime(
                folder=self.folder,
                name=name,
                url=self.url,
                port=port,
                environment=self.site.environment,
            )
            for name, port in zip(("one", "other"), self.xds_ports, strict=True)
        ]

    @contextmanager
    def envoy(self) -> Iterator[None]:
        """Run its Envoy."""
        with run_envoy(self.folder, *self.xds_ports):
            yield

    def say(self, verb: str, *arguments: str) -> dict[str, Any]:
        """Run a verb of `bascule upgrade` from a machine where no runtime works."""
        place = ("--state", self.url, "--output", "json")
        said = self.site.verb("upgrade", verb, *place, *arguments)
        assert said.code == 0, said.err
        return said.document

    def read_records(self) -> list[Written]:
        rows = self.postgres.execute(
            "SELECT seq, generation, kind, data FROM bascule.record ORDER BY seq", url=self.url
        )
        return [
            Written(
                seq=int(str(seq)),
                generation=int(str(generation)),
                kind=str(kind),
                data=json.loads(str(data)),
            )
            for seq, generation, kind, data in rows
        ]

    def count_samples(self) -> int:
        """Return how many samples were ever taken down: their numbers are never used twice."""
        rows = self.postgres.execute("SELECT max(position) FROM bascule.sample", url=self.url)
        return int(str(rows[0][0] or 0))

    def tell_records(self) -> None:
        """Let the database tell of each record at the moment at which it is committed."""
        self.postgres.execute(_TELL, url=self.url)

    def await_record(self, kind: str, text: str = "") -> None:
        """Return at the moment at which a record of `kind` with `text` in its data is there."""
        with psycopg.connect(self.url, autocommit=True) as line:
            line.execute("LISTEN recorded")
            deadline_s = time.monotonic() + START_LIMIT_S
            while line.execute(_FIND, (kind, f"%{text}%")).fetchone() is None:
                left_s = deadline_s - time.monotonic()
                assert left_s > 0, f"no {kind} {text}"
                for _ in line.notifies(timeout=left_s, stop_after=1):
                    pass

    def read_config(self) -> list[Any]:
        """Return all that Envoy has been told, and when; not what it began with."""
        parts: list[Any] = json.loads(read_admin(self.folder, "/config_dump"))["configs"]
        told = [part for part in parts if not str(part["@type"]).endswith("BootstrapConfigDump")]
        return [*told, json.loads(read_admin(self.folder, "/runtime?format=json"))]

    def count_updates(self) -> dict[str, int]:
        """Return how many answers of any runtime Envoy took or refused, by what they were about."""
        found = json.loads(read_admin(self.folder, "/stats?format=json&filter=update_"))["stats"]
        told = {s["name"]: s["value"] for s in found if "name" in s}
        ends = (".update_success", ".update_rejected")
        # `bascule` is where the runtimes are: Envoy looks its name up by itself.
        own = "cluster.bascule."
        return {n: v for n, v in told.items() if n.endswith(ends) and not n.startswith(own)}


def make_far_gateway(site: Site, postgres: PostgresServer, name: str) -> FarGateway:
    """Make a gateway before the clusters of a site's lab; nothing of it runs yet."""
    folder = site.directory / name
    folder.mkdir()
    write_certificates(folder)
    port = free_port()
    kubeconfig = site.directory / "home" / "bascule" / "lab" / site.name / "kubeconfig"
    text = _GATEWAY.format(name=name, lab=site.name, kubeconfig=kubeconfig, port=port)
    (folder / "gateway.yaml").write_text(text)
    return FarGateway(
        folder=folder,
        name=name,
        port=port,
        url=postgres.new_database(),
        site=site,
        postgres=postgres,
    )
