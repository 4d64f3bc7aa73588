"""Ids of Azure's resources: kept as they were written, compared without case."""

from dataclasses import dataclass
from functools import cached_property

from typing_extensions import override

from bascule.errors import SpecError

GROUP_TYPE = "Microsoft.Resources/resourceGroups"
SUBSCRIPTION_TYPE = "Microsoft.Resources/subscriptions"


@dataclass(frozen=True, eq=False)
class ResourceId:
    """The id of one resource, resource group or subscription; two that differ in case are equal."""

    text: str
    """As it was written, without a slash at the end."""

    @cached_property
    def _segments(self) -> tuple[str, ...]:
        return tuple(segment for segment in self.text.split("/") if segment)

    @cached_property
    def _providers_at(self) -> int:
        """Where the last `providers` stands; -1 in the id of a group or subscription."""
        lower = [segment.lower() for segment in self._segments]
        found = [at for at in range(0, len(lower) - 1, 2) if lower[at] == "providers"]
        return found[-1] if found else -1

    @property
    def key(self) -> str:
        """The text by which ids are compared and sorted."""
        return self.text.lower()

    @property
    def subscription(self) -> str:
        """The subscription's id; empty at the level of the tenant."""
        return self._after("subscriptions", 0)

    @property
    def group(self) -> str:
        """The resource group's name; empty above groups."""
        return self._after("resourcegroups", 2)

    @property
    def namespace(self) -> str:
        """The resource provider, such as `Microsoft.Network`."""
        return self._segments[self._providers_at + 1] if self._providers_at >= 0 else ""

    @property
    def types(self) -> tuple[str, ...]:
        """The types below the namespace, outermost first."""
        return self._parts[::2]

    @property
    def names(self) -> tuple[str, ...]:
        """The names that go with the types."""
        return self._parts[1::2]

    @property
    def type(self) -> str:
        """The whole type, such as `Microsoft.Network/virtualNetworks/subnets`."""
        if self._providers_at < 0:
            return GROUP_TYPE if self.group else SUBSCRIPTION_TYPE
        return "/".join((self.namespace, *self.types))

    @property
    def name(self) -> str:
        """The innermost name."""
        return self._segments[-1]

    @property
    def scope(self) -> str:
        """What stands before the last `providers`: a group, or the resource that it extends."""
        end = self._providers_at if self._providers_at >= 0 else len(self._segments)
        return "/" + "/".join(self._segments[:end])

    @property
    def parent(self) -> "ResourceId | None":
        """The resource around this one, else the scope; None above a subscription."""
        if len(self.types) > 1:
            return ResourceId("/" + "/".join(self._segments[:-2]))
        if self._providers_at > 0:
            return ResourceId(self.scope)
        return ResourceId("/" + "/".join(self._segments[:-2])) if self.group else None

    def child(self, kind: str, name: str) -> "ResourceId":
        """Return the id of a child, `subnets` for example; a kind with a namespace extends it."""
        if "/" in kind:
            return ResourceId(f"{self.text}/providers/{kind}/{name}")
        return ResourceId(f"{self.text}/{kind}/{name}")

    def contains(self, other: "ResourceId") -> bool:
        """Whether the other one is this one or lies below it."""
        return other.key == self.key or other.key.startswith(self.key + "/")

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, ResourceId) and other.key == self.key

    @override
    def __hash__(self) -> int:
        return hash(self.key)

    @override
    def __str__(self) -> str:
        return self.text

    @property
    def _parts(self) -> tuple[str, ...]:
        return self._segments[self._providers_at + 2 :] if self._providers_at >= 0 else ()

    def _after(self, kind: str, at: int) -> str:
        segments = self._segments[at : at + 2]
        return segments[1] if len(segments) > 1 and segments[0].lower() == kind else ""


def parse_id(text: str) -> ResourceId:
    """Return the id that `text` is; raises SpecError when it is none."""
    stripped = text.strip().rstrip("/")
    segments = stripped.split("/")[1:]
    is_rooted = stripped.startswith("/") and all(segments)
    first = segments[0].lower() if segments else ""
    odd = len(segments) % 2 == 1
    if not is_rooted or odd or first not in {"subscriptions", "providers"}:
        raise SpecError(
            f"{text!r} is no id of an Azure resource",
            remedy="write it as `az resource show --query id` prints it: /subscriptions/...",
        )
    return ResourceId(stripped)


def subscription_id(subscription: str) -> ResourceId:
    """Return the id of a subscription."""
    return ResourceId(f"/subscriptions/{subscription}")


def group_id(subscription: str, group: str) -> ResourceId:
    """Return the id of a resource group."""
    return ResourceId(f"/subscriptions/{subscription}/resourceGroups/{group}")


def type_of_path(path: str) -> str:
    """Return the type that a path asks for: of a resource, a collection of them or an action.

    `/subscriptions/S/resourceGroups` asks for `Microsoft.Resources/resourceGroups`.
    """
    found = ResourceId(path.rstrip("/"))
    if found.namespace and found.types:
        return found.type
    segments = path.strip("/").split("/")
    kinds = segments[::2]
    if kinds[-1].lower() == "resourcegroups":
        return GROUP_TYPE
    if len(segments) > 1 and kinds[-1].lower() == "subscriptions":
        return SUBSCRIPTION_TYPE
    return f"Microsoft.Resources/{kinds[-1]}"
