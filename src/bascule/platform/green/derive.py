"""Derives green from blue: copies, then changes what the spec says, then decides what is left."""

from typing import cast

from bascule.azure.document import (
    Document,
    list_at,
    object_at,
    text_at,
    value_at,
    with_value,
    without,
)
from bascule.checks.findings import Finding, Severity
from bascule.platform.desired.cluster import PAUSED, build_addons
from bascule.platform.desired.ids import Ids
from bascule.platform.green.addresses import (
    choose_free_range,
    find_overlap,
    goes_out_by_own_addresses,
    has_own_pod_range,
    pod_range,
)
from bascule.platform.green.copying import copy_cluster
from bascule.platform.green.grants import AGIC
from bascule.platform.green.model import BlueFacts, Derived, Difference, Treatment
from bascule.platform.green.pools import derive_pools
from bascule.platform.green.upgrades import PROFILE, RETIRE_TAG, note_upgrades
from bascule.platform.green.versions import is_lower
from bascule.spec.azure.cluster import GreenCluster

_Path = tuple[str, ...]
_NETWORK: _Path = ("properties", "networkProfile")
_API: _Path = ("properties", "apiServerAccessProfile")


def derive_green(ids: Ids, green: GreenCluster, facts: BlueFacts) -> Derived:
    """Return green as the spec wants it in the likeness of blue."""
    return _Derivation(ids, green, facts).run()


class _Derivation:
    """One document on its way from blue's to green's; each step notes what it does."""

    def __init__(self, ids: Ids, green: GreenCluster, facts: BlueFacts) -> None:
        self._ids = ids
        self._green = green
        self._blue = facts.cluster
        self._document = copy_cluster(facts.cluster)
        self._said: dict[str, object] = {}
        self._differences: list[Difference] = []
        self._findings: list[Finding] = []

    def run(self) -> Derived:
        self._name()
        self._version()
        self._change_what_is_said()
        self._pools()
        self._addons()
        self._pod_range()
        self._egress()
        self._auto_upgrade()
        self._private_dns()
        return Derived(
            document=self._document,
            said=self._said,
            differences=tuple(self._differences),
            findings=tuple(self._findings),
        )

    def _name(self) -> None:
        self._document["location"] = self._ids.spec.location
        tags = {**_own_tags(self._blue), **self._green.tags}
        self._document["tags"] = self._ids.tags(tags)
        self._document = with_value(self._document, ("properties", "dnsPrefix"), self._green.name)
        self._note("name", text_at(self._blue, "name"), self._green.name, "the spec says so")
        if self._green.node_resource_group is not None:
            self._set(("properties", "nodeResourceGroup"), self._green.node_resource_group)

    def _version(self) -> None:
        before = text_at(self._blue, "properties", "currentKubernetesVersion") or text_at(
            self._blue, "properties", "kubernetesVersion"
        )
        wanted = self._green.version or before
        if is_lower(wanted, before):
            self._refuse(
                "ClusterVersionLower",
                f"green would have Kubernetes {wanted}, below blue's {before}",
                "name a version that is not lower; going back is what blue is kept for",
            )
        if not wanted:
            return
        path = ("properties", "kubernetesVersion")
        self._document = with_value(self._document, path, wanted)
        if self._green.version is not None:
            self._said = with_value(self._said, path, wanted)
            self._note("version", before or None, wanted, "the spec says so")

    def _change_what_is_said(self) -> None:
        green = self._green
        if green.tier is not None:
            self._set(("sku", "tier"), green.tier)
        if green.authorized_ranges is not None:
            self._set((*_API, "authorizedIPRanges"), list(green.authorized_ranges))

    def _pools(self) -> None:
        version = text_at(self._document, "properties", "kubernetesVersion")
        pools = derive_pools(
            self._ids,
            self._green,
            list_at(self._document, "properties", "agentPoolProfiles"),
            version=version,
        )
        self._document = with_value(
            self._document, ("properties", "agentPoolProfiles"), list(pools.documents)
        )
        self._differences += pools.differences
        self._findings += pools.findings

    def _addons(self) -> None:
        path = ("properties", "addonProfiles")
        if object_at(self._blue, *path, AGIC).get("enabled") is True:
            self._decide(
                f"addons.{AGIC}", {"enabled": True}, None, "two of them would fight for the gateway"
            )
        for name, addon in build_addons(self._green.addons).items():
            if name.lower() == AGIC.lower() and cast("Document", addon).get("enabled") is True:
                self._refuse(
                    "GatewayWriterOnGreen",
                    f"green would run {AGIC}, which overwrites the gateway that blue is behind",
                    "leave it out: Bascule serves the Ingresses of both clusters",
                )
            else:
                self._set((*path, name), addon)

    def _pod_range(self) -> None:
        if not has_own_pod_range(self._document):
            if self._green.pod_cidr is not None:
                self._refuse(
                    "PodRangeNotOwn",
                    "green's pods have addresses of the subnet, as blue's have",
                    "leave podCidr out",
                )
            return
        before = pod_range(self._blue)
        taken = (before, *(subnet.prefix for subnet in self._ids.spec.network.subnets))
        chosen = self._green.pod_cidr or choose_free_range(before, taken)
        overlap = find_overlap(chosen, taken) if chosen else "everything that is private"
        if overlap:
            self._refuse(
                "PodRangesOverlap",
                f"green's pods would have {chosen or 'addresses'} within {overlap}",
                "name a range with podCidr that neither blue nor the network has",
            )
            return
        self._document = with_value(self._document, (*_NETWORK, "podCidr"), chosen)
        if value_at(self._document, *_NETWORK, "podCidrs") is not None:
            self._document = with_value(self._document, (*_NETWORK, "podCidrs"), [chosen])
        if self._green.pod_cidr is not None:
            self._note("podCidr", before, chosen, "the spec says so")
        else:
            self._decide("podCidr", before, chosen, "the next free range: it must not overlap")

    def _egress(self) -> None:
        path = (*_NETWORK, "loadBalancerProfile")
        given = value_at(self._blue, *path, "outboundIPs") or value_at(
            self._blue, *path, "outboundIPPrefixes"
        )
        for key in ("outboundIPs", "outboundIPPrefixes"):
            self._document = without(self._document, (*path, key))
        own = [{"id": each} for each in self._green.egress.outbound_ips]
        if own:
            self._document = without(self._document, (*path, "managedOutboundIPs"))
            self._document = with_value(self._document, (*path, "outboundIPs"), {"publicIPs": own})
        moves = self._green.subnet not in (None, self._ids.spec.clusters.blue.subnet)
        if not goes_out_by_own_addresses(self._document) and not moves:
            return
        shown = [each["id"] for each in own] or "new addresses that Azure chooses"
        self._decide("egress", given or "addresses of its own", shown, "no two clusters share one")
        if not self._green.egress.acknowledged:
            self._refuse(
                "EgressNotAcknowledged",
                "green reaches the world by other addresses than blue: whoever lets blue in by "
                "its address would keep green out",
                "have green's addresses let in (egress.outboundIps names public IPs that you know "
                "before), then write `egress: {acknowledged: true}`",
            )

    def _auto_upgrade(self) -> None:
        before = object_at(self._blue, *PROFILE)
        self._document = with_value(self._document, PROFILE, dict(PAUSED))
        self._said = with_value(self._said, PROFILE, dict(PAUSED))
        self._decide(
            "autoUpgrade",
            dict(before) or None,
            dict(PAUSED),
            "off on both until blue is retired: neither may change under the traffic",
        )
        note = note_upgrades(before)
        if note:
            self._document = with_value(self._document, ("tags", RETIRE_TAG), note)

    def _private_dns(self) -> None:
        if object_at(self._blue, *_API).get("enablePrivateCluster") is not True:
            return
        before = text_at(self._blue, *_API, "privateDNSZone") or "system"
        zone = self._green.private_dns_zone or before
        self._document = with_value(self._document, (*_API, "privateDNSZone"), zone)
        reason = "its name in the zone is its own"
        if self._green.private_dns_zone is not None:
            self._note("privateDnsZone", before, zone, "the spec says so")
        else:
            self._decide("privateDnsZone", before, zone, reason)

    def _set(self, path: _Path, value: object) -> None:
        before = value_at(self._blue, *path)
        self._document = with_value(self._document, path, value)
        self._said = with_value(self._said, path, value)
        if before != value:
            name = ".".join(path).removeprefix("properties.")
            self._note(name, before, value, "the spec says so")

    def _note(self, field: str, blue: object, green: object, reason: str) -> None:
        self._add(field, blue, green, Treatment.CHANGED, reason=reason)

    def _decide(self, field: str, blue: object, green: object, reason: str) -> None:
        self._add(field, blue, green, Treatment.DECIDED, reason=reason)

    def _add(
        self, field: str, blue: object, green: object, treatment: Treatment, *, reason: str
    ) -> None:
        if blue == green:
            return
        self._differences.append(
            Difference(field=field, blue=blue, green=green, treatment=treatment, reason=reason)
        )

    def _refuse(self, code: str, message: str, remedy: str) -> None:
        self._findings.append(
            Finding(
                severity=Severity.BLOCKER,
                code=code,
                subject=f"cluster {self._green.name}",
                message=message,
                remedy=remedy,
            )
        )


def _own_tags(blue: Document) -> dict[str, str]:
    """Return blue's tags for green: not who made blue, nor what was kept for after a retire."""
    return {
        name: str(value)
        for name, value in object_at(blue, "tags").items()
        if not name.lower().startswith("bascule-")
    }
