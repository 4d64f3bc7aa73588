"""`pods/log`: the lines of one container, and with `follow` those still to come."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.http.log_source import ContainerLog, LogSource
from bascule.lab.kubeapi.http.paths import is_true
from bascule.lab.kubeapi.http.reading import parse_int
from bascule.lab.kubeapi.objects.statuses import bad_request

FOLLOW_INTERVAL_S: Final = 0.1


async def read(call: Call, source: LogSource | None) -> web.StreamResponse:
    """Answer a GET of `pods/NAME/log`."""
    target = call.target
    pod = call.store.get("pods", target.name, target.namespace)
    container = _container(pod, call.query.get("container", ""))
    previous = is_true(call.query.get("previous"))
    log = None
    if source is not None:
        log = source(target.namespace, target.name, container, previous=previous)
    if log is None and previous:
        raise bad_request(
            f'previous terminated container "{container}" in pod "{target.name}" not found'
        )
    if log is None:
        raise bad_request(
            f'container "{container}" in pod "{target.name}" is waiting to start: ContainerCreating'
        )
    response = web.StreamResponse()
    response.headers["Content-Type"] = "text/plain"
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    seen = log.written
    await _write(response, _first_lines(call, log))
    if is_true(call.query.get("follow")) and not previous:
        await _follow(call, log, response, seen)
    return response


def _first_lines(call: Call, log: ContainerLog) -> list[str]:
    now_s = call.store.clock.now().timestamp()
    age_s = parse_int(call, "sinceSeconds")
    timestamps = is_true(call.query.get("timestamps"))
    lines = list(log.lines(since_s=now_s - age_s if age_s else 0.0, timestamps=timestamps))
    if "tailLines" in call.query:
        count = parse_int(call, "tailLines")
        lines = lines[-count:] if count else []
    limit = parse_int(call, "limitBytes")
    return _within(lines, limit) if limit else lines


def _within(lines: list[str], limit_bytes: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        limit_bytes -= len(line.encode()) + 1
        if limit_bytes < 0:
            break
        kept.append(line)
    return kept


async def _follow(call: Call, log: ContainerLog, response: web.StreamResponse, seen: int) -> None:
    """Send new lines until the pod is gone or done, or the client leaves."""
    target = call.target
    timestamps = is_true(call.query.get("timestamps"))
    while True:
        written = log.written
        if written > seen:
            await _write(response, log.lines(after=seen, timestamps=timestamps))
            seen = written
        pod = call.store.find("pods", target.name, target.namespace)
        if pod is None or (pod.get("status") or {}).get("phase") in {"Succeeded", "Failed"}:
            return
        await asyncio.sleep(FOLLOW_INTERVAL_S)


async def _write(response: web.StreamResponse, lines: "list[str] | Iterator[str]") -> None:
    text = "".join(f"{line}\n" for line in lines)
    if text:
        await response.write(text.encode())


def _container(pod: dict[str, Any], wanted: str) -> str:
    spec, name = pod["spec"], pod["metadata"]["name"]
    groups = ("containers", "initContainers", "ephemeralContainers")
    names = [item["name"] for group in groups for item in spec.get(group) or ()]
    if wanted:
        if wanted not in names:
            raise bad_request(f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(spec["containers"]) > 1:
        choices = " ".join(item["name"] for item in spec["containers"])
        raise bad_request(
            f"a container name must be specified for pod {name}, choose one of: [{choices}]"
        )
    return str(spec["containers"][0]["name"])
