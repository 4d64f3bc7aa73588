"""Access logs: what Envoy writes of each request, one line of JSON each."""

from bascule.lab.arm.dataplane.translate.gateway import Json

ACCESS_LOG = "access.log"
FIELDS = {
    "at": "%START_TIME(%s.%6f)%",
    "client": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS%",
    "method": "%REQ(:METHOD)%",
    "uri": "%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%",
    "host": "%REQ(:AUTHORITY)%",
    "agent": "%REQ(USER-AGENT)%",
    "status": "%RESPONSE_CODE%",
    "version": "%PROTOCOL%",
    "received": "%BYTES_RECEIVED%",
    "sent": "%BYTES_SENT%",
    "took_ms": "%DURATION%",
    "tls": "%DOWNSTREAM_TLS_VERSION%",
    "cluster": "%UPSTREAM_CLUSTER%",
    "server": "%UPSTREAM_HOST%",
    "latency_ms": "%RESPONSE_DURATION%",
}
"""What is written of each request, as Envoy fills it in."""


def build_access_log(place: str) -> list[Json]:
    """Return what tells Envoy to write an access log; nothing where no place is named."""
    if not place:
        return []
    kind = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"
    config = {"@type": kind, "path": place, "log_format": {"json_format": FIELDS}}
    return [{"name": "envoy.access_loggers.file", "typed_config": config}]
