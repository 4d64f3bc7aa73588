"""Pages of the lab itself, for whoever shows its secret: faults, counts of requests, settings."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from bascule.lab.arm.bodies import parse_body
from bascule.lab.arm.counters import Counters
from bascule.lab.arm.faults import FaultBoard, parse_rule
from bascule.lab.arm.requests import ArmRefusal, ArmReply
from bascule.lab.arm.throttling import Throttle

PREFIX: Final = "lab"
SECRET_HEADER: Final = "x-lab-secret"  # noqa: S105 - the name of a header


class LabSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """What may be changed while the lab runs."""

    page_size: int = 0
    """How many items a page of a list holds; 0: all of them."""
    leads_with_empty_page: bool = False
    """Whether a list that is cut into pages begins with an empty one, as Azure's sometimes do."""
    throttle_scale: float | None = None
    """By how much the buckets are wider than Azure's; 0 ends throttling."""
    principal_lag_s: float = 0.0
    """How long role assignments that tell no principalType do not find a new principal."""
    core_limits: dict[str, int] = {}
    """Cores that may be used, by machine family; `cores` for all together. Others stay."""
    withheld_sizes: dict[str, tuple[str, ...]] = {}
    """Machine sizes that are not sold in these zones; with no zone, not at all."""


class AdminPages:
    """Answers below `/lab`."""

    def __init__(
        self, *, secret: str, faults: FaultBoard, throttle: Throttle, counters: Counters
    ) -> None:
        self._secret = secret.encode()
        self.faults = faults
        self.throttle = throttle
        self.counters = counters
        self.settings = LabSettings()
        self.on_settings: Callable[[LabSettings], None] = lambda _settings: None
        """Called with settings that are new."""

    def answer(
        self, method: str, segments: Sequence[str], headers: Mapping[str, str], body: bytes
    ) -> ArmReply:
        """Answer a request. Raises ArmRefusal."""
        given = headers.get(SECRET_HEADER, "").encode()
        if not hmac.compare_digest(given, self._secret):
            raise ArmRefusal(403, "Forbidden", "This page is for whoever shows the lab's secret.")
        match (method, *segments):
            case ("GET", "requests"):
                return ArmReply(body=self.counters.to_json())
            case ("DELETE", "requests"):
                self.counters.clear()
                return ArmReply(status=204)
            case ("GET", "faults"):
                return ArmReply(body={"faults": self.faults.list()})
            case ("POST", "faults"):
                rule = self.faults.add(parse_rule(parse_body(body)))
                return ArmReply(status=201, body=msgspec.to_builtins(rule))
            case ("DELETE", "faults"):
                return ArmReply(body={"cleared": self.faults.clear()})
            case ("DELETE", "faults", rule_id):
                return ArmReply(body={"cleared": self.faults.clear(rule_id)})
            case ("GET", "settings"):
                return ArmReply(body=msgspec.to_builtins(self.settings))
            case ("PUT", "settings"):
                return self._set(body)
            case _:
                raise ArmRefusal(404, "NotFound", f"There is nothing at /lab/{'/'.join(segments)}.")

    def _set(self, body: bytes) -> ArmReply:
        try:
            self.settings = msgspec.convert(parse_body(body), LabSettings)
        except msgspec.ValidationError as error:
            raise ArmRefusal(400, "InvalidSettings", str(error)) from error
        if self.settings.throttle_scale is not None:
            self.throttle.scale = self.settings.throttle_scale
        self.on_settings(self.settings)
        return ArmReply(body=msgspec.to_builtins(self.settings))
