"""A gateway of the lab that sends its access log to a workspace, as documents."""

import json
from datetime import datetime
from typing import Any

from bascule.lab.arm.dataplane.access import Request

CATEGORY = "ApplicationGatewayAccessLog"


def workspace_id(group: str, name: str = "logs") -> str:
    return f"{group}/providers/Microsoft.OperationalInsights/workspaces/{name}"


def setting(workspace: str, *, kind: str | None = "Dedicated", **more: Any) -> dict[str, Any]:
    """Return the body of a diagnostic setting."""
    logs = [{"category": CATEGORY, "enabled": True}]
    said = {"workspaceId": workspace, "logAnalyticsDestinationType": kind, "logs": logs}
    return {"properties": {**said, **more}}


def line(at: datetime, **more: Any) -> str:
    """Return what Envoy writes of a request that a server answered."""
    said: dict[str, Any] = {
        "at": f"{at.timestamp():.6f}",
        "client": "127.0.0.1:5000",
        "method": "GET",
        "uri": "/cart?id=7",
        "host": "shop.example.com",
        "agent": "curl/8",
        "status": 200,
        "version": "HTTP/1.1",
        "received": 0,
        "sent": 12,
        "took_ms": 25,
        "tls": None,
        "cluster": "blue~web",
        "server": "127.1.0.1:8080",
        "latency_ms": 20,
    }
    return json.dumps({**said, **more}, ensure_ascii=False)


def logged(at: datetime, **more: Any) -> Request:
    """Return such a request as it is read."""
    fields = json.loads(line(at, **more))
    pool, _, settings = str(fields["cluster"] or "").partition("~")
    server = str(fields["server"] or "").replace("127.", "10.", 1)
    return Request(fields=fields, pool=pool, settings=settings, server=server)
