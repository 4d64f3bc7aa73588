"""Writes the Envoy protobuf descriptors that ship with Bascule.

xds-protos and the Envoy wheel both own `envoy/__init__.py`, so the former is installed into a
temporary environment only, and what the files we use need is dumped from there as one
FileDescriptorSet. Run `python scripts/build_descriptors.py [VERSION]` to refresh it.
"""

import gzip
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

TARGET = Path(__file__).parents[1] / "src/bascule/gateway/envoy/descriptors.binpb.gz"

FILES = (
    "envoy/config/cluster/v3/cluster.proto",
    "envoy/config/endpoint/v3/endpoint.proto",
    "envoy/config/listener/v3/listener.proto",
    "envoy/config/route/v3/route.proto",
    "envoy/extensions/filters/http/router/v3/router.proto",
    "envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector.proto",
    "envoy/extensions/filters/network/direct_response/v3/config.proto",
    "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.proto",
    "envoy/extensions/retry/host/previous_hosts/v3/previous_hosts.proto",
    "envoy/extensions/transport_sockets/tls/v3/tls.proto",
    "envoy/extensions/upstreams/http/v3/http_protocol_options.proto",
    "envoy/service/discovery/v3/discovery.proto",
    "envoy/service/runtime/v3/rtds.proto",
)

# Runs in the temporary environment. Annotations that only validators and generators read stay:
# they are imports of the files, and cost a few kilobytes.
DUMP = """
import importlib, sys
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
found = {}
def add(descriptor):
    if descriptor.name in found:
        return
    found[descriptor.name] = None
    for dependency in descriptor.dependencies:
        add(dependency)
    copy = FileDescriptorProto()
    descriptor.CopyToProto(copy)
    found.pop(descriptor.name)
    found[descriptor.name] = copy
for name in sys.argv[1:]:
    module = importlib.import_module(name.removesuffix(".proto").replace("/", ".") + "_pb2")
    add(module.DESCRIPTOR)
result = FileDescriptorSet(file=found.values())
sys.stdout.buffer.write(result.SerializeToString(deterministic=True))
"""


def build_descriptors(version: str | None) -> bytes:
    """Return the serialised set, every file after those that it imports."""
    requirement = f"xds-protos=={version}" if version else "xds-protos"
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", requirement], check=True)
        dump = [str(python), "-c", DUMP, *FILES]
        return subprocess.run(dump, check=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    """Write the set beside the module that loads it."""
    raw = build_descriptors(sys.argv[1] if len(sys.argv) > 1 else None)
    TARGET.write_bytes(gzip.compress(raw, mtime=0))
    print(f"{TARGET.name}: {len(raw)} bytes, {TARGET.stat().st_size} compressed")


if __name__ == "__main__":
    main()
