"""`bascule upgrade`: plan in hand, from start to end, with a way back."""

from bascule.cli.tree import LazyGroup

upgrade = LazyGroup(
    package="bascule.cli.upgrade",
    help_by_verb={
        "start": "Start an upgrade, or go on with it after an interruption.",
        "status": "Show where an upgrade is, and what it waits for.",
        "watch": "Show an upgrade as it goes, until it is over.",
        "history": "Show what happened: when, who, what, why.",
        "explain": "Say why it did what it did, gates with their numbers.",
        "approve": "Say yes to a gate that waits for a person.",
        "pause": "Stop where it is; traffic stays as it is until `resume`.",
        "resume": "Go on after a pause, with the weights of the plan.",
        "rollback": "Take all traffic back in one step, and undo the rest.",
        "abort": "Give up before green got any traffic.",
        "weights": "Set the weights by hand, such as green=30.",
        "retry": "Try the step again at which it has halted.",
        "answer": "Say what became of a step in doubt: done, redo or skip.",
        "extend": "Make the hold before the old cluster is retired longer.",
        "report": "Write the evidence report, as a page and as JSON.",
        "verify-journal": "Look whether every record is there, as it was written.",
    },
    module_by_verb={
        "start": "start",
        "watch": "watch",
        "approve": "steering",
        "pause": "steering",
        "resume": "steering",
        "rollback": "steering",
        "abort": "steering",
        "weights": "steering",
        "retry": "steering",
        "answer": "steering",
        "extend": "steering",
        "explain": "explain",
        "report": "report",
        "verify-journal": "verify",
    },
)
"""`status` and `history` start without typer (bascule.cli.lean) and only stand in the help."""
