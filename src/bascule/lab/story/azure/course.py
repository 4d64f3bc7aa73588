"""The way that the story goes: what moves requests to green, and what each step may cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from bascule.lab.shop.manifests import API_HOST

CANARY: Final = API_HOST
"""The host that goes to green before the others."""
SWITCH: Final = "switch"
ROLLBACK: Final = "rollback"
TRY: Final = "try-"
"""What the names of the first upgrade's commands begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One way; the last step moves all that is left."""

    steps: tuple[Mapping[str, Any], ...]
    """As in upgrade.yaml, without their holds."""
    names: Mapping[str, str]
    """What the command of each step is called here, by the step's key."""
    acts: Mapping[str, str]
    """What is shown when a step begins, by its key."""
    puts: int
    """How many updates of the gateway each command costs."""

    @property
    def commands(self) -> tuple[str, ...]:
        """The names of all that changes where requests go, in the order of the story."""
        names = tuple(self.names.values())
        return (*(f"{TRY}{name}" for name in names), ROLLBACK, *names)

    def moves_all(self, command: str) -> bool:
        """Whether every request goes to one cluster after a command."""
        return command.removeprefix(TRY) in {SWITCH, ROLLBACK}


BY_HOST: Final = Course(
    steps=({"hosts": [CANARY]}, {"weight": 100}),
    names=MappingProxyType({"shift-hosts-1": "host", "shift-100": SWITCH}),
    acts=MappingProxyType(
        {
            "shift-hosts-1": f"canary: {CANARY} goes to green whole",
            "shift-100": "switch: every host goes to green",
        }
    ),
    puts=1,
)
"""The gateway's own rules lead to pods; each change is one PUT."""
BY_SHARE: Final = Course(
    steps=({"weight": 5}, {"weight": 25}, {"weight": 100}),
    names=MappingProxyType({"shift-5": "5 %", "shift-25": "25 %", "shift-100": SWITCH}),
    acts=MappingProxyType(
        {
            "shift-5": "canary: 5 % of the requests go to green",
            "shift-25": "canary: 25 % of the requests go to green",
            "shift-100": "switch: every request goes to green",
        }
    ),
    puts=0,
)
"""The gateway leads to an Envoy, which chooses the cluster: no change is a PUT."""
