"""The questions that nobody could answer without a subscription, in the order in which they go.

Each returns a fact: its answer in a few words, and what was seen.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass

from bascule.errors import UsageError
from scripts.azure_real.contract import ask_contract
from scripts.azure_real.judging import Fact
from scripts.azure_real.lateness import (
    ask_access_logs,
    ask_activity_log,
    ask_metrics,
    prepare_access_logs,
)
from scripts.azure_real.probing import ask_first_answer, ask_health, ask_unused_pool
from scripts.azure_real.traffic_questions import ask_drain, ask_mixture, ask_reach
from scripts.azure_real.wide import ask_wide_document
from scripts.azure_real.world import World
from scripts.azure_real.writing import ask_body_size, ask_if_match


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked, and how."""

    key: str
    text: str
    ask: Callable[[World], Awaitable[Fact]]
    lasts_s: int
    """About how long: a change of a gateway takes 8 s in the median, one in ten 79 s or more."""
    prepare: Callable[[World], Awaitable[None]] | None = None
    """What is done once there is a gateway, long before it is asked."""
    needs_clusters: bool = False
    needs: str = ""
    """The key of the question that has to be asked before, for what it leaves on the gateway."""


QUESTIONS = (
    Question(
        key="if_match",
        text="Does an application gateway honour If-Match?",
        ask=ask_if_match,
        lasts_s=60,
    ),
    Question(
        key="body_size",
        text="How large a document does Azure take?",
        ask=ask_body_size,
        lasts_s=60,
    ),
    Question(
        key="mixture",
        text="Do instances of both versions answer while a change is made?",
        ask=ask_mixture,
        lasts_s=90,
    ),
    Question(
        key="activity_log",
        text="How late does the activity log tell of a write?",
        ask=ask_activity_log,
        lasts_s=300,
    ),
    Question(
        key="driver_contract",
        text="Does the driver of application gateways hold the contract of drivers?",
        ask=ask_contract,
        lasts_s=600,
    ),
    Question(
        key="wide_document",
        text="Does Azure take all that the driver writes, and show it so that a restart is silent?",
        ask=ask_wide_document,
        lasts_s=120,
    ),
    Question(
        key="two_overlay_clusters",
        text="Does one gateway reach the pods of two overlay clusters?",
        ask=ask_reach,
        lasts_s=300,
        needs_clusters=True,
    ),
    Question(
        key="unused_pool",
        text="Is a pool probed that no rule leads to?",
        ask=ask_unused_pool,
        lasts_s=60,
        needs_clusters=True,
        needs="two_overlay_clusters",
    ),
    Question(
        key="health",
        text="How long does it take to be told of backends' health, and of which?",
        ask=ask_health,
        lasts_s=90,
        needs_clusters=True,
        needs="unused_pool",
    ),
    Question(
        key="first_answer",
        text="How long after a rule leads to a new pool is the first good answer?",
        ask=ask_first_answer,
        lasts_s=150,
        needs_clusters=True,
        needs="unused_pool",
    ),
    Question(
        key="metrics",
        text="How late are the minutes of Azure Monitor?",
        ask=ask_metrics,
        lasts_s=300,
        needs_clusters=True,
        needs="first_answer",
    ),
    Question(
        key="access_logs",
        text="How late is the access log, and does Azure understand what is asked of it?",
        ask=ask_access_logs,
        lasts_s=450,
        prepare=prepare_access_logs,
        needs_clusters=True,
        needs="first_answer",
    ),
    Question(
        key="drain",
        text="Does a change that concerns nobody cut requests in flight?",
        ask=ask_drain,
        lasts_s=450,
        needs_clusters=True,
        needs="two_overlay_clusters",
    ),
)
"""In their order: first those that need no clusters, which cost more than the gateway."""


def choose(keys: Iterable[str]) -> tuple[Question, ...]:
    """Return these questions and those that they need, in order; all if none is named."""
    by_key = {question.key: question for question in QUESTIONS}
    named = tuple(keys)
    unknown = sorted(set(named) - by_key.keys())
    if unknown:
        raise UsageError(
            f"there is no question {', '.join(unknown)}", remedy=f"name some of {', '.join(by_key)}"
        )
    wanted = {key for name in named for key in _with_needed(by_key[name], by_key)}
    return tuple(question for question in QUESTIONS if not named or question.key in wanted)


def _with_needed(question: Question, by_key: dict[str, Question]) -> Iterator[str]:
    while True:  # ends: nothing needs what needs it
        yield question.key
        if not question.needs:
            return
        question = by_key[question.needs]
