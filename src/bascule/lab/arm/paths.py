"""Paths and ids of Azure Resource Manager: compared without case, kept as they were written."""

from dataclasses import dataclass

_PAIRED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmPath:
    """One path below the server's root.

    `/subscriptions/S/resourceGroups/RG/providers/Microsoft.Network/virtualNetworks/v/subnets/s`
    has the scope `/subscriptions/S/resourceGroups/RG`, the namespace `Microsoft.Network` and the
    parts `virtualNetworks, v, subnets, s`. Of several `providers` the last one counts, so the scope
    of a role assignment may be a resource. Without `providers` the parts are those after the scope.
    """

    text: str
    scope: str = ""
    subscription: str = ""
    group: str = ""
    namespace: str = ""
    parts: tuple[str, ...] = ()

    @property
    def kind(self) -> str:
        """The type in lower case, such as `microsoft.network/virtualnetworks/subnets`.

        A path with an odd number of parts names a collection or an action; then the last part
        belongs to the type as well: `virtualnetworks`, `applicationgateways/backendhealth`.
        """
        return "/".join((self.namespace, *self.parts[::_PAIRED])).lower()

    @property
    def names(self) -> tuple[str, ...]:
        """The names in it, outermost first."""
        return self.parts[1::_PAIRED]

    @property
    def name(self) -> str:
        """The innermost name; empty if the path names none."""
        return self.names[-1] if self.names else ""

    @property
    def is_collection(self) -> bool:
        """Whether it ends in a type (or an action), not in a name."""
        return len(self.parts) % _PAIRED == 1

    @property
    def key(self) -> str:
        """The id by which it is compared."""
        return self.text.rstrip("/").lower()


def parse_path(text: str) -> ArmPath:
    """Return the parts of a path or resource id; never raises."""
    segments = [segment for segment in text.split("/") if segment]
    lower = [segment.lower() for segment in segments]
    subscription = segments[1] if lower[:1] == ["subscriptions"] and len(segments) > 1 else ""
    group = ""
    scope_length = _PAIRED if subscription else 0
    if subscription and lower[2:3] == ["resourcegroups"] and len(segments) > 3:
        group = segments[3]
        scope_length = 4
    namespace = ""
    if "providers" in lower[:-1]:
        place = (
            len(lower) - 1 - lower[::-1].index("providers", 1 if lower[-1] == "providers" else 0)
        )
        namespace = segments[place + 1]
        scope, parts = segments[:place], segments[place + 2 :]
    else:
        scope, parts = segments[:scope_length], segments[scope_length:]
    return ArmPath(
        text=text,
        scope="/" + "/".join(scope) if scope else "",
        subscription=subscription,
        group=group,
        namespace=namespace,
        parts=tuple(parts),
    )
