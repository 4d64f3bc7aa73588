"""All checks of the platform on Azure, in the order in which they are made: an explicit list."""

from collections.abc import Callable
from typing import TypeAlias

from bascule.checks.azure.addresses import check_addresses, check_gateway_subnet
from bascule.checks.azure.clusters import (
    check_accounts,
    check_api_servers,
    check_auto_upgrades,
    check_same,
    check_states,
)
from bascule.checks.azure.controllers import check_addons, check_gitops, check_inside, check_marks
from bascule.checks.azure.facts import AzureFacts
from bascule.checks.azure.gateway import check_gateway
from bascule.checks.azure.headroom import check_headroom
from bascule.checks.azure.locks import check_locks, check_policies
from bascule.checks.azure.placement import check_placement
from bascule.checks.azure.quota import check_quota
from bascule.checks.azure.reachability import (
    check_kubenet,
    check_networks,
    check_overlays,
    check_own_network,
    check_pod_ranges,
)
from bascule.checks.azure.readable import check_readable
from bascule.checks.azure.rights import check_rights
from bascule.checks.azure.security import (
    check_delegation,
    check_gateway_rules,
    check_pod_rules,
    check_routes,
)
from bascule.checks.azure.sizes import check_sizes
from bascule.checks.azure.teardown import check_teardown
from bascule.checks.azure.versions import check_offered, check_order, check_way_back
from bascule.checks.findings import Finding, sort_findings

Check: TypeAlias = Callable[[AzureFacts], tuple[Finding, ...]]

CHECKS: tuple[Check, ...] = (
    check_readable,
    check_same,
    check_states,
    check_api_servers,
    check_accounts,
    check_auto_upgrades,
    check_offered,
    check_order,
    check_way_back,
    check_sizes,
    check_quota,
    check_own_network,
    check_addresses,
    check_gateway_subnet,
    check_gateway,
    check_headroom,
    check_overlays,
    check_pod_ranges,
    check_kubenet,
    check_networks,
    check_gateway_rules,
    check_pod_rules,
    check_routes,
    check_delegation,
    check_locks,
    check_policies,
    check_rights,
    check_addons,
    check_inside,
    check_gitops,
    check_marks,
    check_placement,
    check_teardown,
)


def check_platform(facts: AzureFacts) -> tuple[Finding, ...]:
    """Return what all checks find, the worst first."""
    return sort_findings(finding for check in CHECKS for finding in check(facts))
