"""One request as an access log has it, and the columns of both tables that it may be in. Pure.

Columns: https://learn.microsoft.com/azure/azure-monitor/reference/tables/agwaccesslogs, and
application-gateway-diagnostics for what AzureDiagnostics makes of the same. Not verified on real
Azure: what a request that reached no server has in the columns of servers.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from typing_extensions import override

DEDICATED: Final = "AGWAccessLogs"
SHARED: Final = "AzureDiagnostics"
CATEGORY: Final = "ApplicationGatewayAccessLog"
OPERATION: Final = "ApplicationGatewayAccess"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request; times in seconds, None where there was no answer of a server's."""

    at: datetime
    """When it ended."""
    gateway_id: str
    instance: str
    client: str
    client_port: int
    method: str
    uri: str
    host: str
    agent: str
    status: int
    version: str
    received: int
    sent: int
    took_s: float
    is_tls: bool
    pool: str
    settings: str
    server: str
    """Address and port; empty where none was reached."""
    server_status: int | None
    latency_s: float | None


def _constant(value: Any) -> Callable[[Entry], Any]:
    return lambda _entry: value


_OF_DEDICATED: Final[Mapping[str, Callable[[Entry], Any]]] = {
    "TimeGenerated": lambda e: e.at,
    "_ResourceId": lambda e: e.gateway_id.lower(),
    "BackendPoolName": lambda e: e.pool,
    "BackendSettingName": lambda e: e.settings,
    "ClientIp": lambda e: e.client,
    "ClientPort": lambda e: e.client_port,
    "ClientResponseTime": _constant(0.0),
    "Host": lambda e: e.host,
    "HttpMethod": lambda e: e.method,
    "HttpStatus": lambda e: e.status,
    "HttpVersion": lambda e: e.version,
    "InstanceId": lambda e: e.instance,
    "OperationName": _constant(OPERATION),
    "OriginalHost": lambda e: e.host,
    "OriginalRequestUriWithArgs": lambda e: e.uri,
    "ReceivedBytes": lambda e: e.received,
    "RequestUri": lambda e: e.uri.partition("?")[0],
    "SentBytes": lambda e: e.sent,
    "ServerResponseLatency": lambda e: e.latency_s,
    "ServerRouted": lambda e: e.server,
    "ServerStatus": lambda e: e.server_status,
    "SslEnabled": lambda e: "on" if e.is_tls else "off",
    "TimeTaken": lambda e: e.took_s,
    "Type": _constant(DEDICATED),
    "UserAgent": lambda e: e.agent,
}


def _text(value: Any) -> str:
    return "" if value is None else str(value)


_OF_SHARED: Final[Mapping[str, Callable[[Entry], Any]]] = {
    "TimeGenerated": lambda e: e.at,
    "_ResourceId": lambda e: e.gateway_id.lower(),
    "ResourceId": lambda e: e.gateway_id.upper(),
    "Category": _constant(CATEGORY),
    "OperationName": _constant(OPERATION),
    "ResourceType": _constant("APPLICATIONGATEWAYS"),
    "ResourceProvider": _constant("MICROSOFT.NETWORK"),
    "Type": _constant(SHARED),
    "backendPoolName_s": lambda e: e.pool,
    "backendSettingName_s": lambda e: e.settings,
    "clientIP_s": lambda e: e.client,
    "clientPort_d": lambda e: float(e.client_port),
    "host_s": lambda e: e.host,
    "httpMethod_s": lambda e: e.method,
    "httpStatus_d": lambda e: float(e.status),
    "httpVersion_s": lambda e: e.version,
    "instanceId_s": lambda e: e.instance,
    "originalHost_s": lambda e: e.host,
    "originalRequestUriWithArgs_s": lambda e: e.uri,
    "receivedBytes_d": lambda e: float(e.received),
    "requestUri_s": lambda e: e.uri.partition("?")[0],
    "sentBytes_d": lambda e: float(e.sent),
    "serverResponseLatency_s": lambda e: "" if e.latency_s is None else f"{e.latency_s:.3f}",
    "serverRouted_s": lambda e: e.server,
    "serverStatus_s": lambda e: _text(e.server_status),
    "sslEnabled_s": lambda e: "on" if e.is_tls else "off",
    "timeTaken_d": lambda e: e.took_s,
    "userAgent_s": lambda e: e.agent,
}
TABLES: Final[Mapping[str, Mapping[str, Callable[[Entry], Any]]]] = {
    DEDICATED: _OF_DEDICATED,
    SHARED: _OF_SHARED,
}


class EntryRow(Mapping[str, Any]):
    """An entry as a row of a table: values are made as they are asked for."""

    __slots__ = ("_columns", "_entry")

    def __init__(self, entry: Entry, columns: Mapping[str, Callable[[Entry], Any]]) -> None:
        self._entry = entry
        self._columns = columns

    @override
    def __getitem__(self, name: str) -> Any:
        return self._columns[name](self._entry)

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    @override
    def __len__(self) -> int:
        return len(self._columns)
