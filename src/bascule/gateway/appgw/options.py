"""What the annotations of one Ingress ask of an Application Gateway, read and checked."""

from dataclasses import dataclass, field

REQUEST_TIMEOUT_S = 30
DRAINING_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOptions:
    """What annotations say of the health probe; None where they say nothing."""

    host: str | None = None
    port: int | None = None
    path: str | None = None
    status_codes: tuple[str, ...] | None = None
    """Such as `200-399` and `401`."""
    interval_s: int | None = None
    timeout_s: int | None = None
    unhealthy_threshold: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteOptions:
    """What one Ingress asks for; each field's default is what holds without its annotation."""

    backend_path: str | None = None
    """backend-path-prefix."""
    backend_host: str | None = None
    """backend-hostname."""
    backend_protocol: str | None = None
    """`Http` or `Https`; None: by the Service's appProtocol."""
    ssl_redirect: bool = False
    certificate: str | None = None
    """appgw-ssl-certificate: the name of a certificate that is on the gateway already."""
    ssl_profile: str | None = None
    trusted_roots: tuple[str, ...] = ()
    draining_s: int | None = None
    """None: connections are not drained."""
    has_affinity: bool = False
    has_affinity_name: bool = False
    """cookie-based-affinity-distinct-name."""
    request_timeout_s: int = REQUEST_TIMEOUT_S
    frontend_port: int | None = None
    is_private: bool = False
    waf_policy: str | None = None
    rewrite_set: str | None = None
    rewrite_resource: str | None = None
    """The custom resource's `spec` as JSON with sorted keys; None where it is not asked for."""
    rewrite_name: str | None = None
    """`NAMESPACE/NAME` of the custom resource that is asked for."""
    aliases: tuple[str, ...] = ()
    """hostname-extension: further hosts of all rules, lower case, each once."""
    priority: int | None = None
    """rule-priority."""
    probe: ProbeOptions = field(default_factory=ProbeOptions)


NO_OPTIONS = RouteOptions()
