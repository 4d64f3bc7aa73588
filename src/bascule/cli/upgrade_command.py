"""`bascule upgrade`: plan in hand, from start to end, with a way back."""

import typer

from bascule.cli.tree import stub
from bascule.cli.upgrade.steering import build_steering

upgrade = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
upgrade.add_typer(build_steering())
# These start without typer (bascule.cli.lean) and only stand in the list here.
upgrade.command("status", help="Show where an upgrade is, and what it waits for.")(stub)
upgrade.command("history", help="Show what happened: when, who, what, why.")(stub)
