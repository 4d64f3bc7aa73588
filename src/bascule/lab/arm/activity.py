"""The activity log: every write with its caller, its status and its correlation id."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from typing_extensions import override

from bascule.clock import Clock
from bascule.lab.arm.authorization.actions import wanted_of
from bascule.lab.arm.counters import is_read
from bascule.lab.arm.odata import Condition, matches, parse_filter
from bascule.lab.arm.operations import Operation
from bascule.lab.arm.paths import parse_path
from bascule.lab.arm.requests import ArmRefusal, ArmReply, ArmRequest
from bascule.lab.arm.world import Provider

EVENTS_MAX: Final = 10_000
EVENTS_SAVED_MAX: Final = 1_000
"""Those before are forgotten by a restart."""
PENDING_MAX: Final = 10_000
Event = dict[str, Any]


class ActivityLog(Provider):
    """Microsoft.Insights: answers at `eventtypes/management/values`."""

    namespace = "Microsoft.Insights"

    def __init__(self, clock: Clock, make_id: Callable[[], UUID]) -> None:
        self._clock = clock
        self._make_id = make_id
        self._events: deque[Event] = deque(maxlen=EVENTS_MAX)
        self._pending: dict[str, Event] = {}

    # Writing.

    def note(self, request: ArmRequest, reply: ArmReply) -> None:
        """Take down a write and its answer; what goes on is followed to its end."""
        if is_read(request.method, request.path) or not request.path.subscription:
            return
        event = self._event(request)
        operation_id = _operation_of(reply.headers)
        if reply.status >= 400:
            self._add(event, "Failed", str(reply.status))
            return
        self._add(event, "Accepted" if operation_id else "Succeeded", str(reply.status))
        if operation_id and len(self._pending) < PENDING_MAX:
            self._pending[operation_id] = event

    def end(self, operation: Operation) -> None:
        """Take down how an operation ended."""
        event = self._pending.pop(operation.id, None)
        if event is not None:
            more = {"error": operation.error} if operation.error else {}
            self._add(event, operation.status, "", more)

    def load(self, events: Iterable[Event]) -> None:
        """Hold these, of before a restart."""
        self._events = deque(events, maxlen=EVENTS_MAX)

    def save(self) -> list[Event]:
        """Return the latest events, to be written and not to be changed."""
        return list(self._events)[-EVENTS_SAVED_MAX:]

    def _add(
        self, event: Event, status: str, code: str, more: Mapping[str, Any] | None = None
    ) -> None:
        now = _text(self._clock.now())
        event_id = str(self._make_id())
        scope = event["resourceId"]
        self._events.append(
            {
                **event,
                "eventDataId": event_id,
                "id": f"{scope}/events/{event_id}/ticks/{len(self._events)}",
                "eventTimestamp": now,
                "submissionTimestamp": now,
                "level": "Error" if status == "Failed" else "Informational",
                "status": {"value": status, "localizedValue": status},
                "subStatus": {"value": code, "localizedValue": code},
                "properties": {
                    **event["properties"],
                    **({"statusCode": code} if code else {}),
                    **(more or {}),
                },
            }
        )

    def _event(self, request: ArmRequest) -> Event:
        path, caller = request.path, request.caller
        wanted = wanted_of(request.method, path)
        action = wanted.action if wanted is not None else f"{path.kind}/{request.method.lower()}"
        kind = "/".join((path.namespace, *path.parts[::2])) if path.namespace else ""
        return {
            "authorization": {"action": action, "scope": wanted.scope if wanted else path.text},
            "caller": caller.app_id or caller.object_id,
            "category": {"value": "Administrative", "localizedValue": "Administrative"},
            "channels": "Operation",
            "claims": {"appid": caller.app_id, "oid": caller.object_id, "tid": caller.tenant_id},
            "correlationId": request.correlation_id,
            "operationId": request.correlation_id,
            "httpRequest": {
                "clientRequestId": request.headers.get("x-ms-client-request-id", ""),
                "clientIpAddress": "127.0.0.1",
                "method": request.method,
            },
            "operationName": {"value": action, "localizedValue": action},
            "resourceGroupName": path.group,
            "resourceId": path.text.rstrip("/"),
            "resourceProviderName": {"value": path.namespace, "localizedValue": path.namespace},
            "resourceType": {"value": kind, "localizedValue": kind},
            "subscriptionId": path.subscription,
            "tenantId": caller.tenant_id,
            "properties": {"eventCategory": "Administrative", "entity": path.text.rstrip("/")},
        }

    # Reading.

    @override
    async def handle(self, request: ArmRequest) -> ArmReply:
        kinds = tuple(part.lower() for part in request.path.parts)
        if request.method != "GET" or kinds != ("eventtypes", "management", "values"):
            raise ArmRefusal(404, "NotFound", f"There is nothing at {request.path.text}.")
        conditions = parse_filter(request.query.get("$filter", ""))
        if not any(each.field.lower() == "eventtimestamp" for each in conditions):
            raise ArmRefusal(
                400, "BadRequest", "The filter must say since when: eventTimestamp ge '...'."
            )
        times = tuple(each for each in conditions if each.field.lower() == "eventtimestamp")
        others = tuple(each for each in conditions if each not in times)
        found = [
            event
            for event in reversed(self._events)
            if _is_within(event, times) and matches(others, _flat(event))
        ]
        return ArmReply(body={"value": found})


def _flat(event: Event) -> Event:
    """Return the fields by the names that filters use."""
    return {
        **event,
        "resourceUri": event["resourceId"],
        "resourceProvider": event["resourceProviderName"]["value"],
        "status": event["status"]["value"],
        "eventChannels": "Admin, Operation",
        "resourceType": event["resourceType"]["value"],
    }


def _is_within(event: Event, times: tuple[Condition, ...]) -> bool:
    moment = datetime.fromisoformat(event["eventTimestamp"])
    return all(_compare(each, moment) for each in times)


def _compare(condition: Condition, moment: datetime) -> bool:
    try:
        bound = datetime.fromisoformat(condition.value)
    except ValueError as error:
        raise ArmRefusal(400, "BadRequest", f"{condition.value!r} is no time.") from error
    if bound.tzinfo is None:
        bound = bound.replace(tzinfo=moment.tzinfo)
    if condition.operator in {"ge", "gt"}:
        return moment >= bound
    return moment <= bound


def _operation_of(headers: Mapping[str, str]) -> str:
    url = headers.get("Azure-AsyncOperation") or headers.get("Location") or ""
    return parse_path(url.partition("?")[0]).text.rpartition("/")[2]


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
