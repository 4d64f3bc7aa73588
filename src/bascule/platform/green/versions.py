"""Versions of Kubernetes: exact ones and those that leave the patch to Azure."""


def parse_version(text: str) -> tuple[int, ...]:
    """Return the numbers of a version; what is none is lower than all."""
    parts = text.removeprefix("v").split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()


def is_lower(wanted: str, than: str) -> bool:
    """Whether `wanted` would be a step back; `1.34` is not lower than `1.34.2`."""
    ours, theirs = parse_version(wanted), parse_version(than)
    shared = min(len(ours), len(theirs))
    return bool(ours and theirs) and ours[:shared] < theirs[:shared]


def is_same(wanted: str, found: str) -> bool:
    """Whether `found` is what was wanted: `1.34.2` is what `1.34` asks for."""
    return found == wanted or found.startswith(f"{wanted}.")
