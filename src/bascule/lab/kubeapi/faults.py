"""Faults on order: rules by request pattern, cuts of open watches, outages of the whole server.

`PUT /lab/faults` sets what holds from then on, `DELETE` ends it, `GET` shows it. A rule's `times`
counts down; everything else stays until it is replaced. What a rule does happens in the order
delay, tear, status.
"""

import random
import re
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from bascule.lab.kubeapi.http.features import Feature
from bascule.lab.kubeapi.http.paths import Target
from bascule.lab.kubeapi.objects.statuses import StatusError, bad_request

DELAY_MAX_MS: Final = 600_000
OUTAGE_MAX_S: Final = 600.0

_REASON_BY_STATUS: Final[Mapping[int, str]] = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


class Match(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """Which requests are meant; what is left out matches everything.

    `resource` is a plural (`deployments`) or a group resource (`deployments.apps`), `path` a regex.
    """

    verb: str = ""
    resource: str = ""
    namespace: str = ""
    name: str = ""
    user: str = ""
    path: str = ""

    def covers(self, target: Target, user: str) -> bool:
        """Say whether a request of this user for this target is meant."""
        pairs = (
            (self.verb, target.verb),
            (self.namespace, target.namespace),
            (self.name, target.name),
            (self.user, user),
        )
        if self.resource not in {"", "*", target.resource, target.plural}:
            return False
        if any(wanted not in {"", "*", given} for wanted, given in pairs):
            return False
        return not self.path or re.search(self.path, target.path) is not None


class Rule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What happens to the requests that match."""

    match: Match = msgspec.field(default_factory=Match)
    name: str = ""
    times: int | None = None
    probability: float = 1.0
    delay_ms: int = 0
    status: int = 0
    message: str = "a fault of the lab"
    retry_after_seconds: int = 0
    tear: bool = False
    tear_after_bytes: int = 0

    def to_error(self) -> StatusError:
        """Return the answer that this rule gives."""
        details = (
            {"retryAfterSeconds": self.retry_after_seconds} if self.retry_after_seconds else None
        )
        reason = _REASON_BY_STATUS.get(self.status, "InternalError")
        return StatusError(self.message, code=self.status, reason=reason, details=details)


class Cut(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What happens once, now: to the open watches that match, or to all history."""

    action: Literal["endWatches", "tearWatches", "expireWatches", "forgetHistory"]
    match: Match = msgspec.field(default_factory=Match)


class Outage(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """The whole server is away for a while: connections are refused, or reset when made."""

    duration_s: float
    mode: Literal["refuse", "reset"] = "refuse"


class Faults(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """All that is wrong on purpose."""

    rules: list[Rule] = msgspec.field(default_factory=list)
    disabled_features: list[Feature] = msgspec.field(default_factory=list)
    now: list[Cut] = msgspec.field(default_factory=list)
    outage: Outage | None = None


class FaultBoard:
    """The faults in force, and the rule that the next request falls under."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self.faults = Faults()

    def set(self, faults: Faults) -> None:
        """Put these faults in force, in place of all others."""
        self.faults = faults

    def clear(self) -> None:
        """End all faults."""
        self.faults = Faults()

    def hit(self, target: Target, user: str) -> Rule | None:
        """Return the first rule for this request, and count its use."""
        for rule in self.faults.rules:
            if rule.times == 0 or not rule.match.covers(target, user):
                continue
            if rule.probability < 1.0 and self._rng.random() >= rule.probability:
                continue
            if rule.times is not None:
                rule.times -= 1
            return rule
        return None

    def to_json(self) -> Any:
        """Return the faults in force."""
        return msgspec.to_builtins(self.faults)


def parse_faults(body: bytes) -> Faults:
    """Return the faults that a body orders; a StatusError 400 says which field is wrong."""
    try:
        faults = msgspec.json.decode(body, type=Faults)
        for rule in faults.rules:
            re.compile(rule.match.path)
    except (msgspec.DecodeError, re.error) as error:
        raise bad_request(f"these are no faults: {error}") from error
    if any(not 0 <= rule.delay_ms <= DELAY_MAX_MS for rule in faults.rules):
        raise bad_request(f"delayMs must lie between 0 and {DELAY_MAX_MS}")
    if faults.outage and not 0 < faults.outage.duration_s <= OUTAGE_MAX_S:
        raise bad_request(f"durationS must be positive and at most {OUTAGE_MAX_S:g}")
    return faults
