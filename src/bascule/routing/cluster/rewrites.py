"""What an Ingress gets of the rewrite rules that a custom resource of its namespace holds.

The annotation is Azure's; the rules travel in the route's extensions, under keys that no user can
set, to the driver that reads them.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from bascule.manifest.objects import RewriteRules

ASKED = "appgw.ingress.kubernetes.io/rewrite-rule-set-custom-resource"
RULES = "appgw.ingress.azure.io/rewrite"
"""Key of the resource's `spec`, as JSON with sorted keys; absent while there is no resource."""
NAME = "appgw.ingress.azure.io/rewrite-name"
"""Key of `NAMESPACE/NAME` of the resource that is asked for."""


def asked_rewrite(annotations: Mapping[str, str]) -> str | None:
    """Return the name of the custom resource that an Ingress asks for, or None."""
    return annotations.get(ASKED) or None


def add_rewrite(
    annotations: Mapping[str, str],
    namespace: str,
    find: Callable[[str, str], RewriteRules | None],
) -> Mapping[str, str]:
    """Return the extensions of an Ingress with `annotations`: those, and the rules asked for."""
    name = asked_rewrite(annotations)
    if name is None and RULES not in annotations and NAME not in annotations:
        return annotations
    found = {key: value for key, value in annotations.items() if key not in (RULES, NAME)}
    if name is not None:
        found[NAME] = f"{namespace}/{name}"
        rules = find(namespace, name)
        if rules is not None and rules.spec is not None:
            found[RULES] = rules.spec
    return MappingProxyType(dict(sorted(found.items())))
