"""One lab cluster as its users have it: a process, a kubeconfig, and the real kubectl."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from ssl import SSLContext, create_default_context
from typing import Any

import yaml

from bascule.lab.supervisor.networks import hold_network, locks_directory

READY_WITHIN_S = 30.0
COMMAND_WITHIN_S = 40.0
_PLURALS = {
    "Ingress": "ingresses",
    "NetworkPolicy": "networkpolicies",
    "PriorityClass": "priorityclasses",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str


class RunningCluster:
    """A lab cluster of this test process; entered it runs, left it is gone."""

    def __init__(self, directory: Path, *, version: str, network: str) -> None:
        self._directory = directory
        self._version = version
        self._network = network
        self._process: subprocess.Popen[bytes] | None = None
        self._url = ""
        self._context: SSLContext | None = None
        self.kubeconfig = directory / "kubeconfig"

    def start(self) -> None:
        command = (sys.executable, "-m", "bascule.lab.cluster")
        options = {
            "--dir": str(self._directory),
            "--name": "kubectl",
            "--version": self._version,
            "--network": self._network,
        }
        arguments = [text for pair in options.items() for text in pair]
        ready = self._directory / "ready.json"
        ready.unlink(missing_ok=True)
        with (self._directory / "cluster.log").open("wb") as log:
            self._process = subprocess.Popen((*command, *arguments), stdout=log, stderr=log)
        deadline_s = time.monotonic() + READY_WITHIN_S
        while not ready.exists():
            assert self._process.poll() is None, self._log()
            assert time.monotonic() < deadline_s, self._log()
            time.sleep(0.02)  # noqa: TID251 - polls a file with a deadline
        self._url = json.loads(ready.read_text())["url"]
        self._context = self._client_context()

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(READY_WITHIN_S)

    def kill(self) -> None:
        """End the process as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(READY_WITHIN_S)

    def kubectl(
        self, *arguments: str, namespace: str = "default", stdin: str = "", token: str = ""
    ) -> Outcome:
        """Run the real kubectl as the administrator, or as the holder of a token."""
        command = self.command(*arguments, namespace=namespace, token=token)
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_WITHIN_S,
            env=self.environment(),
            check=False,
        )
        return Outcome(code=done.returncode, out=done.stdout, err=done.stderr)

    def command(self, *arguments: str, namespace: str, token: str = "") -> list[str]:
        kubectl = str(Path(sys.executable).parent / "kubectl")
        return [
            kubectl,
            f"--kubeconfig={self.kubeconfig}",
            *((f"--token={token}",) if token else ()),
            f"--namespace={namespace}",
            *arguments,
        ]

    def environment(self) -> dict[str, str]:
        path, home = os.environ["PATH"], str(self._directory)
        # It ends before it has garbage worth collecting, and is started hundreds of times.
        return {"PATH": path, "HOME": home, "EDITOR": "true", "TZ": "UTC", "GOGC": "off"}

    def request(self, method: str, path: str, body: object = None) -> Any:
        """Ask the API server as the administrator; urllib.error.HTTPError for a refusal."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self._url}{path}",
            data=data,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, context=self._context) as answer:  # noqa: S310 - as above
            return json.loads(answer.read())

    def order_faults(self, faults: object) -> None:
        self.request("PUT", "/lab/faults", faults)

    def create_namespace(self, name: str) -> None:
        self.request("POST", "/api/v1/namespaces", {"metadata": {"name": name}})

    def create_all(self, manifests: str, namespace: str) -> None:
        """Create the objects of a YAML text, in its order, those with a namespace in this one."""
        for obj in yaml.safe_load_all(manifests):
            self.request("POST", _collection(obj, namespace), obj)

    def _client_context(self) -> SSLContext:
        admin = yaml.safe_load(self.kubeconfig.read_text())
        paths = {}
        for name, source in (
            ("ca", admin["clusters"][0]["cluster"]["certificate-authority-data"]),
            ("crt", admin["users"][0]["user"]["client-certificate-data"]),
            ("key", admin["users"][0]["user"]["client-key-data"]),
        ):
            paths[name] = self._directory / f"test.{name}"
            paths[name].write_bytes(base64.b64decode(source))
        context = create_default_context(cafile=str(paths["ca"]))
        context.load_cert_chain(paths["crt"], paths["key"])
        return context

    def _log(self) -> str:
        return (self._directory / "cluster.log").read_text()


@contextmanager
def running_cluster(directory: Path, *, version: str) -> Iterator[RunningCluster]:
    """Run a cluster on a free network as long as the block lasts."""
    network = hold_network(locks_directory())
    cluster = RunningCluster(directory, version=version, network=network.prefix)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
        network.release()


_CLUSTER_SCOPED = frozenset(
    ("Namespace", "Node", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition")
)


def _collection(obj: dict[str, Any], namespace: str) -> str:
    version, kind = obj["apiVersion"], obj["kind"]
    plural = _PLURALS.get(kind, f"{kind.lower()}s")
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    if kind in _CLUSTER_SCOPED:
        return f"{root}/{plural}"
    return f"{root}/namespaces/{namespace}/{plural}"
