"""Asks a pod's real server the question that its probe describes."""

import asyncio
from collections.abc import Mapping
from typing import Any

READ_MAX_BYTES = 64 * 1024


async def run_probe(
    probe: Mapping[str, Any], resolve: Mapping[str | int, tuple[str, int]]
) -> str | None:
    """Return None if the probe succeeds, else one line that says why it did not.

    `resolve` gives the address and real port for a container port's name or number. exec and grpc
    probes succeed when the pod's server runs: there is no process to run a command in.
    Limit: the probe's timeoutSeconds (default 1 s).
    """
    timeout_s = float(probe.get("timeoutSeconds") or 1)
    try:
        async with asyncio.timeout(timeout_s):
            return await _ask(probe, resolve)
    except TimeoutError:
        return f"no answer within {timeout_s:g} s"
    except OSError as error:
        return str(error.strerror or error)


async def _ask(
    probe: Mapping[str, Any], resolve: Mapping[str | int, tuple[str, int]]
) -> str | None:
    handler = probe.get("httpGet") or probe.get("tcpSocket") or probe.get("grpc")
    if handler is None:
        return None
    target = resolve.get(handler.get("port", 0))
    if target is None:
        return f"port {handler.get('port')} is not one of the container's"
    reader, writer = await asyncio.open_connection(*target, limit=READ_MAX_BYTES)
    try:
        if "httpGet" not in probe:
            return None
        writer.write(_request(handler, target))
        status_line = await reader.readline()
        return _verdict(status_line)
    finally:
        writer.close()


def _request(handler: Mapping[str, Any], target: tuple[str, int]) -> bytes:
    host = handler.get("host") or f"{target[0]}:{target[1]}"
    lines = [f"GET {handler.get('path') or '/'} HTTP/1.1", "User-Agent: kube-probe/lab"]
    headers = {str(h["name"]): str(h["value"]) for h in handler.get("httpHeaders") or ()}
    if not any(name.lower() == "host" for name in headers):
        lines.append(f"Host: {host}")
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1", "replace")


def _verdict(status_line: bytes) -> str | None:
    parts = status_line.split()
    if len(parts) < 2 or not parts[1].isdigit():
        return "the answer is not HTTP"
    status = int(parts[1])
    return None if 200 <= status < 400 else f"HTTP probe failed with statuscode: {status}"
