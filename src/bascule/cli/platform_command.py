"""`bascule platform`: the cloud below an upgrade, planned, made, written down, removed."""

from collections.abc import Mapping

from bascule.cli.tree import LazyGroup

_HELP: Mapping[str, str] = {
    "init": "Write a platform.yaml from what exists in Azure.",
    "plan": "Say what would be created, changed, left alone, refused; changes nothing.",
    "apply": "Make the platform what the file says; may be ended and said again.",
    "destroy": "Remove what this platform made, and nothing else.",
}

platform = LazyGroup(
    package="bascule.cli.platform",
    help_by_verb=_HELP,
    module_by_verb={verb: verb for verb in _HELP},
)
