"""Calls the verbs of the real command, each in a process of its own, as a user would."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bascule.errors import BasculeError
from bascule.lab.load.orders import Command

VERB_LIMIT_S = 40.0


class VerbFailedError(BasculeError):
    """A verb of the demonstration did not do what it should."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """What a verb printed, and when it ran (monotonic seconds)."""

    document: Mapping[str, Any]
    begun_s: float
    ended_s: float

    @property
    def command_ms(self) -> float | None:
        """From the durable intent to the gateway's acknowledgement; None is not known."""
        value = self.document.get("command_ms")
        return float(value) if isinstance(value, int | float) else None

    @property
    def effective_s(self) -> float | None:
        """When the change took effect, as the product reports it; None is not known."""
        return self._time_s("effective_at")

    def _time_s(self, name: str) -> float | None:
        at = self.document.get(name)
        if not isinstance(at, str):
            return None
        return datetime.fromisoformat(at).timestamp() - (time.time() - time.monotonic())

    def as_order(self, name: str, *, to: str = "") -> Command:
        """Return what the load generator is to know of it."""
        acknowledged_s, command_ms = self._time_s("acknowledged_at"), self.command_ms
        intent_s = None
        if acknowledged_s is not None and command_ms is not None:
            intent_s = acknowledged_s - command_ms / 1000
        return Command(
            name=name,
            begun_s=self.begun_s,
            ended_s=self.ended_s,
            to=to,
            intent_s=intent_s,
            acknowledged_s=acknowledged_s,
            effective_s=self.effective_s,
        )


def command_line(*arguments: str) -> tuple[str, ...]:
    """Return the command line of `bascule` in this installation."""
    return (sys.executable, "-m", "bascule", *arguments)


async def call_verb(
    environment: Mapping[str, str], *arguments: str, limit_s: float = VERB_LIMIT_S
) -> Called:
    """Run a verb with `--output json` and return its document.

    Raises VerbFailedError when it ends with another code than 0, or not in `limit_s`.
    """
    begun_s = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *command_line(*arguments, "--output", "json"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(environment),
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limit_s):
            out, said = await process.communicate()
    except TimeoutError as error:
        raise VerbFailedError(f"`bascule {arguments[0]}` did not end") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    ended_s = time.monotonic()
    if process.returncode != 0:
        raise VerbFailedError(
            f"`bascule {' '.join(arguments)}` ended with exit code {process.returncode}: "
            f"{said.decode(errors='replace').strip()}"
        )
    return Called(document=_last_document(out), begun_s=begun_s, ended_s=ended_s)


def _last_document(out: bytes) -> Mapping[str, Any]:
    lines = out.strip().splitlines()
    document = json.loads(lines[-1]) if lines else {}
    return document if isinstance(document, dict) else {}
