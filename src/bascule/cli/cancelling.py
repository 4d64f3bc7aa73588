"""The option by which a rollback may cancel what somebody else is doing to the gateway."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import typer

from bascule.errors import UsageError

CancelOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--cancel-operation-of",
        metavar="WHO",
        help="Whose operation on the gateway may be cancelled, as `status` names them; "
        "`somebody`: who is not named. May be said more than once.",
    ),
]


def choose_cancels(named: Sequence[str] | None) -> tuple[str, ...]:
    """Return whose operations may be cancelled, each once. Raises UsageError for an empty name."""
    names = tuple(dict.fromkeys(name.strip() for name in named or ()))
    if "" in names:
        raise UsageError(
            "--cancel-operation-of has to say whose operation may be cancelled",
            remedy="name them as `bascule status` does; `somebody` is who is not named",
        )
    return names


def say_cancels(cancels: Sequence[str]) -> list[str]:
    """Return the lines that say whose operations may be cancelled."""
    return [f"  an operation of {name} on the gateway may be cancelled for it" for name in cancels]
