"""Asks one check, of whatever type, and says what came back as the gates read it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from bascule.clock import Clock
from bascule.probes.checks.answers import Found, failed, read_timeout, unknown
from bascule.probes.checks.command import TIMEOUT_S as COMMAND_TIMEOUT_S
from bascule.probes.checks.command import ask_command
from bascule.probes.checks.http import FindTarget, ask_http
from bascule.probes.checks.prometheus import ask_prometheus
from bascule.upgrade.gates.model import Check, CheckResult, CheckType

GRACE_S = 10.0
"""So much longer than its own time a check may take before it is given up as hanging."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckAsker:
    """Asks checks; `find_target` says where the gateway answers, `environ` holds secrets."""

    find_target: FindTarget
    environ: Mapping[str, str]
    clock: Clock

    async def ask(self, check: Check, preview_header: str) -> CheckResult:
        """Return what one look of `check` found; never raises for what it finds."""
        limit_s = read_timeout(check.args, COMMAND_TIMEOUT_S) + GRACE_S
        try:
            async with asyncio.timeout(limit_s):
                found = await self._look(check, preview_header)
        except TimeoutError:
            found = failed(f"it did not come to an end within {limit_s:g} s")
        return CheckResult(
            name=check.name,
            at=self.clock.now(),
            outcome=found.outcome,
            reason=found.reason,
            value=found.value,
        )

    async def _look(self, check: Check, preview_header: str) -> Found:
        match check.type:
            case CheckType.HTTP:
                return await ask_http(
                    check.args,
                    self.find_target,
                    environ=self.environ,
                    preview_header=preview_header,
                )
            case CheckType.PROMETHEUS:
                return await ask_prometheus(check.args, environ=self.environ)
            case CheckType.COMMAND:
                added = {"BASCULE_CHECK": check.name, "BASCULE_PREVIEW_HEADER": preview_header}
                return await ask_command(check.args, environ=self.environ, added=added)
            case _:
                assert_never(check.type)


def describe_fault(check: Check, error: Exception, clock: Clock) -> CheckResult:
    """Return the result of a look that broke by a mistake of ours: it says nothing of green."""
    found = unknown(f"the check broke: {type(error).__name__}: {error}")
    return CheckResult(name=check.name, at=clock.now(), outcome=found.outcome, reason=found.reason)
