"""By which settings the members of a pool are reached, and by which probe they are asked."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from bascule.azure.document import Document
from bascule.gateway.appgw.part import PROBES, SETTINGS
from bascule.gateway.appgw.translate.asked import Asked, find_name
from bascule.gateway.appgw.translate.members import HTTPS, Members
from bascule.gateway.appgw.translate.probes import Probed, build_balancer_probe, build_probe
from bascule.gateway.appgw.translate.sheet import Sheet, Site
from bascule.routing.model import Backend

_ENCODER = msgspec.json.Encoder(order="deterministic")

ROOTS = "trustedRootCertificates"


@dataclass(frozen=True, slots=True)
class Reach:
    """The properties of settings, but for the reference to their probe, and those of the probe."""

    settings: Mapping[str, object]
    probe: Mapping[str, object]

    def write(self, sheet: Sheet, tag: str, parts: tuple[str, ...]) -> Document:
        """Write both onto the sheet, called after all that they hold; return the reference."""
        names = sheet.site.names
        port = self.probe.get("port", self.settings["port"])
        shown = (self.probe["protocol"], port, self.probe["host"], self.probe["path"])
        called = names.probe(*(str(each).lower() for each in shown), content=_content(self.probe))
        probe = sheet.put(PROBES, called, self.probe)
        content = _content({**self.settings, "probe": self.probe})
        name = names.settings(tag, *parts, content=content)
        return sheet.put(SETTINGS, name, {**self.settings, "probe": probe})


def plan_reach(asked: Asked, members: Members, probe_host: str, site: Site) -> Reach:
    """Return how `members` are reached for `asked`."""
    options = asked.options
    roots = [find_name(site.facts.trusted_roots, root) or root for root in options.trusted_roots]
    is_picked = bool(roots) and members.protocol == HTTPS and not options.backend_host
    settings: dict[str, object] = {
        "port": members.port,
        "protocol": members.protocol,
        "cookieBasedAffinity": "Enabled" if options.has_affinity else "Disabled",
        "requestTimeout": asked.timeout_s,
        "pickHostNameFromBackendAddress": is_picked,
    }
    if options.has_affinity and options.has_affinity_name:
        settings["affinityCookieName"] = _cookie(members.backend)
    if asked.draining_s is not None:
        settings["connectionDraining"] = {"enabled": True, "drainTimeoutInSec": asked.draining_s}
    if options.backend_host:
        settings["hostName"] = options.backend_host
    if options.backend_path:
        settings["path"] = options.backend_path
    if roots:
        settings[ROOTS] = [site.ref(ROOTS, root) for root in roots]
    return Reach(settings, _plan_probe(asked, members, probe_host))


def _plan_probe(asked: Asked, members: Members, probe_host: str) -> dict[str, object]:
    probed = Probed(
        host=probe_host,
        path=asked.route.match.path,
        protocol=members.protocol,
        check=members.backend.probe,
    )
    if members.balancer is not None:
        return build_balancer_probe(members.balancer, probed, asked.options)
    return build_probe(probed, asked.options)


def _cookie(backend: Backend) -> str:
    """Return the name of the cookie as Azure's ingress controller has it: users keep theirs."""
    text = f"{backend.namespace}-{backend.service}"
    return f"appgw-affinity-{hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()}"


def _content(properties: Mapping[str, object]) -> str:
    return _ENCODER.encode(properties).decode()
