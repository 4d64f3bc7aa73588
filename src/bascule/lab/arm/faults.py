"""Faults on order: what goes wrong with which requests and operations, how often, and when."""

import re
from collections.abc import Mapping
from random import Random
from typing import Any, Final, Literal

import msgspec

from bascule.clock import Clock
from bascule.lab.arm.answers import AKS, NETWORK, wait_header
from bascule.lab.arm.operations import Fate, Operation
from bascule.lab.arm.paths import ArmPath
from bascule.lab.arm.requests import ArmRefusal, Caller

RULES_MAX: Final = 100
SECONDS_MAX: Final = 86_400.0
Kind = Literal["error", "throttle", "hang", "lose", "busy", "slow", "fail"]
_OF_OPERATIONS: Final = {"slow", "fail"}


class FaultRule(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """One rule; what is left out of `method`, `path`, `caller` and `operation` matches all.

    `error` and `throttle` answer before any effect; `hang` never answers; `lose` lets the request
    take effect and breaks the connection off; `busy` refuses every write for `seconds` from now, in
    the provider's own words; `slow` makes operations take `seconds` longer; `fail` lets them fail
    half done.
    """

    kind: Kind
    id: str = ""
    method: str = ""
    path: str = ""
    """A regular expression, looked for anywhere in the path, without case."""
    caller: str = ""
    """An application (client) id or an object id."""
    operation: str = ""
    """A regular expression for the operation's name, such as `PutApplicationGateway`."""
    times: int | None = None
    """How often it strikes; None: as long as it is there."""
    rate: float = 1.0
    """The share of the matching requests that it strikes."""
    status: int = 500
    code: str = "InternalServerError"
    message: str = "A fault of the lab."
    retry_after_s: float = 0.0
    seconds: float = 0.0
    until_s: float = 0.0
    """When a busy spell ends, by the lab's clock; set when the rule is added."""
    struck: int = 0


class FaultBoard:
    """The rules in force, in the order in which they were added; the first that matches strikes."""

    def __init__(self, clock: Clock, rng: Random) -> None:
        self._clock = clock
        self._rng = rng
        self._rules: list[FaultRule] = []
        self._count = 0

    def add(self, rule: FaultRule) -> FaultRule:
        """Put a rule in force and return it with its id. Raises ArmRefusal 400."""
        _check(rule)
        if len(self._rules) >= RULES_MAX:
            raise _invalid(f"there are {RULES_MAX} rules already")
        self._count += 1
        rule.id = rule.id or f"f{self._count}"
        if rule.kind == "busy":
            rule.until_s = self._clock.monotonic_s() + rule.seconds
        self._rules.append(rule)
        return rule

    def clear(self, rule_id: str = "") -> int:
        """End one rule, or all; return how many that were."""
        before = len(self._rules)
        self._rules = [each for each in self._rules if rule_id and each.id != rule_id]
        return before - len(self._rules)

    def list(self) -> list[Any]:
        """Return the rules in force, as JSON."""
        return [msgspec.to_builtins(each) for each in self._rules]

    def strike(self, method: str, path: ArmPath, caller: Caller) -> FaultRule | None:
        """Return the rule that a request falls under, and count it."""
        for rule in self._rules:
            if rule.kind in _OF_OPERATIONS or not _covers(rule, method, path, caller):
                continue
            if self._is_over(rule, method) or not self._hits(rule):
                continue
            return rule
        return None

    def fate_of(self, operation: Operation) -> Fate:
        """Return what happens to an operation that begins."""
        for rule in self._rules:
            is_meant = rule.kind in _OF_OPERATIONS and _means(rule, operation)
            if not is_meant or rule.times == 0 or not self._hits(rule):
                continue
            if rule.kind == "slow":
                return Fate(extra_s=rule.seconds)
            code = rule.code if rule.code != "InternalServerError" else "InternalOperationError"
            return Fate(extra_s=rule.seconds, error={"code": code, "message": rule.message})
        return Fate()

    def _is_over(self, rule: FaultRule, method: str) -> bool:
        if rule.kind == "busy":
            return method in {"GET", "HEAD"} or self._clock.monotonic_s() >= rule.until_s
        return rule.times == 0

    def _hits(self, rule: FaultRule) -> bool:
        if rule.rate < 1.0 and self._rng.random() >= rule.rate:
            return False
        if rule.times is not None:
            rule.times -= 1
        rule.struck += 1
        return True


def refusal_of(rule: FaultRule, path: ArmPath) -> ArmRefusal:
    """Return the answer that an `error`, a `throttle` or a `busy` rule gives."""
    namespace = path.namespace.lower()
    headers = wait_header(rule.retry_after_s)
    if rule.kind == "busy":
        return _busy(namespace, path, headers)
    is_aks = namespace == AKS
    if rule.kind == "throttle":
        code = "Throttled" if is_aks else "TooManyRequests"
        headers = headers or {"Retry-After": "1"}
        return ArmRefusal(429, code, rule.message, is_bare=is_aks, headers=headers)
    return ArmRefusal(rule.status, rule.code, rule.message, is_bare=is_aks, headers=headers)


def _busy(namespace: str, path: ArmPath, headers: Mapping[str, str]) -> ArmRefusal:
    if namespace == AKS:
        message = (
            "Operation is not allowed: Another operation is in progress, please wait for it to "
            "finish before starting a new operation. See https://aka.ms/aks-pending-operation for "
            "more details"
        )
        return ArmRefusal(409, "OperationNotAllowed", message, is_bare=True, headers=headers)
    if namespace == NETWORK:
        detail = {
            "code": "RetryableErrorDueToAnotherOperation",
            "message": f"Operation on {path.text} cannot proceed, another operation runs.",
        }
        message = "A retryable error occurred."
        return ArmRefusal(429, "RetryableError", message, details=(detail,), headers=headers)
    message = "Another operation is in progress on the selected resource."
    return ArmRefusal(409, "AnotherOperationInProgress", message, headers=headers)


def parse_rule(body: Any) -> FaultRule:
    """Return the rule that a body describes. Raises ArmRefusal 400."""
    try:
        return msgspec.convert(body, FaultRule)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error


def _check(rule: FaultRule) -> None:
    for pattern in (rule.path, rule.operation):
        try:
            re.compile(pattern)
        except re.error as error:
            raise _invalid(f"{pattern!r} is no regular expression: {error}") from error
    if not 0 <= rule.rate <= 1:
        raise _invalid("rate must lie between 0 and 1")
    if not 0 <= rule.seconds <= SECONDS_MAX or not 0 <= rule.retry_after_s <= SECONDS_MAX:
        raise _invalid(f"seconds must lie between 0 and {SECONDS_MAX:g}")
    if rule.kind in {"busy", "slow"} and not rule.seconds:
        raise _invalid(f"a rule of kind {rule.kind} needs seconds")
    if not 400 <= rule.status <= 599:
        raise _invalid("status must lie between 400 and 599")


def _covers(rule: FaultRule, method: str, path: ArmPath, caller: Caller) -> bool:
    if rule.method and rule.method.upper() != method:
        return False
    if rule.caller and rule.caller.lower() not in {caller.app_id.lower(), caller.object_id.lower()}:
        return False
    return re.search(rule.path, path.text, re.IGNORECASE) is not None


def _means(rule: FaultRule, operation: Operation) -> bool:
    if re.search(rule.path, operation.resource_id, re.IGNORECASE) is None:
        return False
    names = f"{operation.name} {operation.kind}"
    return re.search(rule.operation, names, re.IGNORECASE) is not None


def _invalid(reason: str) -> ArmRefusal:
    return ArmRefusal(400, "InvalidFault", f"this is no fault: {reason}")
