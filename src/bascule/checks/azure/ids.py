"""Ids of Azure resources, as far as checks compare them: without case, and by their parts."""


def same_id(one: str, other: str) -> bool:
    """Return whether two ids mean the same resource; an empty id means none."""
    return bool(one) and _key(one) == _key(other)


def is_below(resource_id: str, scope: str) -> bool:
    """Return whether a resource is `scope` or lies below it; Azure's own `/` holds all."""
    key, above = _key(resource_id), _key(scope)
    return key == above or key.startswith(f"{above}/")


def resource_group_of(resource_id: str) -> str:
    """Return the name of the resource group that an id names, or nothing."""
    return _after(resource_id, "resourcegroups")


def resource_group_id(resource_id: str) -> str:
    """Return the id of the resource group of a resource."""
    return "/".join(resource_id.split("/")[:5])


def subscription_id(resource_id: str) -> str:
    """Return the id of the subscription of a resource, as `/subscriptions/...`."""
    return "/".join(resource_id.split("/")[:3])


def name_of(resource_id: str) -> str:
    """Return the last part of an id: the resource's own name."""
    return resource_id.rstrip("/").rpartition("/")[2]


def parent_id(resource_id: str) -> str:
    """Return the id of the resource that a child lies in, as the network of a subnet."""
    return "/".join(resource_id.rstrip("/").split("/")[:-2])


def in_group(resource_id: str, group: str) -> bool:
    """Return whether a resource lies in the resource group of this name."""
    return bool(group) and resource_group_of(resource_id).lower() == group.lower()


def _after(resource_id: str, word: str) -> str:
    parts = resource_id.split("/")
    keys = [part.lower() for part in parts]
    at = keys.index(word) + 1 if word in keys else len(parts)
    return parts[at] if at < len(parts) else ""


def _key(resource_id: str) -> str:
    return resource_id.rstrip("/").lower()
