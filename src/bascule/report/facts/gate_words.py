"""What the gates of each step said: changes of mind and the last word, with their numbers."""

from collections.abc import Mapping

from bascule.journal.record import Json
from bascule.report.facts.model import GateFacts, Judgement
from bascule.report.facts.run_log import RunLog
from bascule.upgrade.plan.model import Step
from bascule.upgrade.run.events import GateJudged, RollbackBegan

JUDGEMENTS_MAX = 12
"""How many judgements of one step are told: the first ones, and always the last."""

_INTERNAL = frozenset({"at", "progress"})
"""What a judgement keeps for its own next look."""


def read_gates(log: RunLog) -> tuple[GateFacts, ...]:
    """Return the gates of each step that was judged, in the order of the steps."""
    looks: dict[str, list[Judgement]] = {}
    for logged, event in log.of(GateJudged):
        looks.setdefault(event.key, []).append(
            Judgement(
                at=logged.at,
                verdict=event.verdict,
                reasons=event.reasons,
                evidence={k: v for k, v in event.evidence.items() if k not in _INTERNAL},
            )
        )
    steps = {step.key: step for step in log.started.plan.steps}
    for _, began in log.of(RollbackBegan):
        steps.update({step.key: step for step in began.steps})
    return tuple(_tell(key, found, steps.get(key)) for key, found in looks.items())


def _tell(key: str, looks: list[Judgement], step: Step | None) -> GateFacts:
    told = [
        judgement
        for place, judgement in enumerate(looks)
        if place == len(looks) - 1 or place == 0 or judgement.verdict != looks[place - 1].verdict
    ]
    if len(told) > JUDGEMENTS_MAX:
        told = [*told[: JUDGEMENTS_MAX - 1], told[-1]]
    return GateFacts(
        step=key,
        stage=step.stage.value if step is not None else "",
        verdict=looks[-1].verdict,
        looks=len(looks),
        left_out=len(looks) - len(told),
        asked=_asked(step),
        judgements=tuple(told),
    )


def _asked(step: Step | None) -> Mapping[str, Json] | None:
    gates = step.args.get("gates") if step is not None else None
    return gates if isinstance(gates, dict) else None
