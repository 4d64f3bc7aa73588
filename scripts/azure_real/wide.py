"""Puts one document with every kind of child that the driver writes to the throw-away gateway.

Whether Azure takes it, and shows it so that a restart would send nothing.
"""

import base64
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bascule.clock import Clock
from bascule.errors import DriverError
from bascule.ids import Cluster
from bascule.manifest.parse import parse_object
from bascule.manifest.snapshot import ClusterSnapshot
from bascule.routing.build import BuildOptions, build_routes, collect_certificates
from bascule.routing.certificates import CertificateStore
from bascule.routing.model import RoutingTable
from bascule.routing.weights import Split, Weights
from scripts.azure_real.contract import ADDRESSES
from scripts.azure_real.gateway import read
from scripts.azure_real.ground import HTTPS_ABOVE, Ground
from scripts.azure_real.judging import Fact
from scripts.azure_real.judging_contract import judge_wide
from scripts.azure_real.world import World

MANIFESTS = Path(__file__).with_name("wide.yaml")
TLS_HOST, TLS_SECRET = "shop.example.com", "shop-tls"
HOSTS = (TLS_HOST, "*.example.org", "*.example.net")
VALID = timedelta(days=30)
_OPTIONS = BuildOptions(reads_probes=True, reads_rewrites=True)


async def ask_wide_document(world: World) -> Fact:
    """Ask it with both clusters' pools, then for green, then once more as a restart does."""
    before = await read(world)
    ground = Ground(world, HOSTS)
    table, certificates = build_wide(world.settings.port, world.arm.clock)
    refused, puts = "", 0
    unlike: tuple[str, ...] = ()
    problems = [each.message for each in table.routes.problems]
    try:
        async with ground.driver() as driver:
            await driver.apply(table, certificates)
            green = table.with_split(Split(Weights.all_to(Cluster.GREEN)))
            applied = await driver.apply(green, certificates)
    except DriverError as error:
        refused = error.message
    else:
        problems += [each.message for each in applied.problems]
        unlike = await ground.find_unlike(green, certificates)
        puts = world.client.gateway_puts
        async with ground.driver() as driver:
            await driver.apply(green, certificates)
        puts = world.client.gateway_puts - puts
    left = await ground.find_left(before)
    return judge_wide(refused, problems=problems, unlike=unlike, puts_again=puts, left=left)


def build_wide(port: int, clock: Clock) -> tuple[RoutingTable, CertificateStore]:
    """Return the table that `wide.yaml` makes in both clusters, and its certificate."""
    secret = _make_secret(clock)
    snapshots = {
        cluster: ClusterSnapshot.of(
            [
                parsed
                for raw in (*_load(address, port), secret)
                if (parsed := parse_object(raw)) is not None
            ]
        )
        for cluster, address in ADDRESSES.items()
    }
    routes = build_routes(snapshots, options=_OPTIONS)
    split = Split(Weights.all_to(Cluster.BLUE))
    table = RoutingTable(routes=routes, split=split)
    return table, collect_certificates(routes, snapshots.values())


def _load(address: str, port: int) -> Iterator[dict[str, Any]]:
    text = MANIFESTS.read_text(encoding="utf-8")
    filled = text.replace("ADDRESS", address).replace("HTTPS_PORT", str(port + HTTPS_ABOVE))
    yield from yaml.safe_load_all(filled)


def _make_secret(clock: Clock) -> dict[str, Any]:
    """Return a Secret with a pair that is made here and trusted by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, TLS_HOST)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(clock.now() - timedelta(hours=1))
        .not_valid_after(clock.now() + VALID)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(TLS_HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    data = {"tls.crt": certificate.public_bytes(pem), "tls.key": private}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": TLS_SECRET, "namespace": "shop"},
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }
