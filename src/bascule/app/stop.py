"""Whether a runtime is to end, and its Envoy with it."""

import asyncio
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stop:
    """Asked once or many times; `envoy` stays true once it was."""

    envoy: bool
    event: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self, *, envoy: bool = False) -> None:
        """End soon."""
        self.envoy = self.envoy or envoy
        self.event.set()
