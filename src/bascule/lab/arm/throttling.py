"""Token buckets as Azure's: ARM's own for each principal, then those of the resource providers."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from bascule.clock import Clock
from bascule.lab.arm.answers import AKS, NETWORK
from bascule.lab.arm.paths import ArmPath
from bascule.lab.arm.requests import ArmRefusal, Caller

GLOBAL_FACTOR: Final = 15
"""The whole subscription may ask so many times as often as one principal."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket's size, and what flows in each second."""

    size: float
    per_s: float


READS: Final = Limit(250, 25)
WRITES: Final = Limit(200, 10)
NETWORK_READS: Final = Limit(10_000, 10_000 / 300)
NETWORK_WRITES: Final = Limit(1_000, 1_000 / 300)
AKS_PUT: Final = Limit(20, 1 / 60)
AKS_GET: Final = Limit(60, 1)
AKS_LIST: Final = Limit(500, 1)
AKS_STATUS: Final = Limit(200, 2)
_NOUN_BY_METHOD: Final[Mapping[str, str]] = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_s: float


class Throttle:
    """Counts requests; `scale` widens every bucket, as a `fast` lab does; 0 ends throttling."""

    def __init__(self, clock: Clock, scale: float = 1.0) -> None:
        self._clock = clock
        self.scale = scale
        self._buckets: dict[tuple[str, ...], _Bucket] = {}

    def take(self, caller: Caller, method: str, path: ArmPath) -> Mapping[str, str]:
        """Count a request and return its headers of what is left. Raises ArmRefusal 429."""
        if self.scale <= 0:
            return {}
        noun = _NOUN_BY_METHOD.get(method, "writes")
        limit = READS if noun == "reads" else WRITES
        left, wait_s = self._draw(("arm", noun, caller.object_id), limit)
        if wait_s:
            raise _subscription_refusal(caller, path, noun, wait_s)
        namespace = path.namespace.lower()
        for key, of_provider in _provider_limits(namespace, method, path):
            _, wait_s = self._draw(key, of_provider)
            if wait_s:
                raise _provider_refusal(namespace, wait_s)
        prefix = "x-ms-ratelimit-remaining-subscription"
        others = GLOBAL_FACTOR * limit.size * self.scale - (limit.size * self.scale - left)
        return {f"{prefix}-{noun}": f"{left:.0f}", f"{prefix}-global-{noun}": f"{others:.0f}"}

    def _draw(self, key: tuple[str, ...], limit: Limit) -> tuple[float, int]:
        """Return what is left, and how many seconds to wait if nothing was."""
        now_s, size, per_s = (
            self._clock.monotonic_s(),
            limit.size * self.scale,
            limit.per_s * self.scale,
        )
        bucket = self._buckets.setdefault(key, _Bucket(size, now_s))
        bucket.tokens = min(size, bucket.tokens + (now_s - bucket.filled_s) * per_s)
        bucket.filled_s = now_s
        if bucket.tokens < 1:
            return 0, max(1, math.ceil((1 - bucket.tokens) / per_s))
        bucket.tokens -= 1
        return math.floor(bucket.tokens), 0


def _provider_limits(
    namespace: str, method: str, path: ArmPath
) -> Iterator[tuple[tuple[str, ...], Limit]]:
    if namespace == NETWORK:
        is_read = method in {"GET", "HEAD"}
        yield (NETWORK, str(is_read)), NETWORK_READS if is_read else NETWORK_WRITES
    if namespace != AKS:
        return
    if "operations" in path.kind or "operationresults" in path.kind:
        yield (AKS, "status"), AKS_STATUS
    elif path.is_collection and method == "GET":
        limit = AKS_GET if path.group else AKS_LIST
        yield (AKS, "list", path.group.lower()), limit
    elif method == "PUT":
        yield (AKS, "put", path.key), AKS_PUT
    else:
        yield (AKS, "other", path.names[0].lower() if path.names else ""), AKS_GET


def _subscription_refusal(caller: Caller, path: ArmPath, noun: str, wait_s: int) -> ArmRefusal:
    kind = noun.removesuffix("s")
    message = (
        f"Number of '{kind}' requests for subscription '{path.subscription}' actor "
        f"'{caller.object_id}' exceeded. Please try again after '{wait_s}' seconds after "
        "additional tokens are available. Refer to https://aka.ms/arm-throttling for additional "
        "information."
    )
    headers = {"Retry-After": str(wait_s), "x-ms-failure-cause": "gateway"}
    return ArmRefusal(429, "SubscriptionRequestsThrottled", message, headers=headers)


def _provider_refusal(namespace: str, wait_s: int) -> ArmRefusal:
    headers = {"Retry-After": str(wait_s)}
    if namespace == AKS:
        message = f"The request was throttled. Please try again after {wait_s} seconds."
        return ArmRefusal(429, "Throttled", message, is_bare=True, headers=headers)
    message = f"Too many requests. Please try again after {wait_s} seconds."
    return ArmRefusal(429, "TooManyRequests", message, headers=headers)
