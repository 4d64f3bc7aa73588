"""Whether a container that ended runs again, and when; which images cannot be had. Pure."""

from typing import Any

Object = dict[str, Any]

BACKOFF_FIRST_S = 10.0
BACKOFF_MAX_S = 300.0


def runs_again(policy: str, exit_code: int) -> bool:
    """Say whether a pod's restartPolicy starts the container again."""
    return policy == "Always" or (policy == "OnFailure" and exit_code != 0)


def backoff_s(restarts: int) -> float:
    """Return the pause before the next start: none before the first restart, then 10 s doubling."""
    if restarts == 0:
        return 0.0
    return float(min(BACKOFF_FIRST_S * 2 ** min(restarts - 1, 10), BACKOFF_MAX_S))


def is_pullable(image: str) -> bool:
    """Say whether the lab pretends to have an image.

    It has all but those of a registry under `.invalid` (RFC 2606) and those whose name or tag says
    that they do not exist.
    """
    registry, _, path = image.partition("/")
    if path and registry.partition(":")[0].endswith(".invalid"):
        return False
    return not any(word in image for word in ("does-not-exist", "doesnotexist", "nonexistent"))
