"""`bascule gateway`: an Application Gateway taken over from AGIC, given back, measured, rescued."""

from collections.abc import Mapping

from bascule.cli.tree import LazyGroup

_HELP: Mapping[str, str] = {
    "adopt": "Take a gateway over from AGIC; what it would do is shown first.",
    "release": "Give a gateway back to AGIC, or to whom it is shared with.",
    "rehearse": "Measure how long an update takes, by one that changes nothing that serves.",
    "break-glass": "Print the commands that put a cluster back without Bascule; asks nobody.",
}

gateway = LazyGroup(
    package="bascule.cli.gateway",
    help_by_verb=_HELP,
    module_by_verb={verb: verb.replace("-", "_") for verb in _HELP},
)
