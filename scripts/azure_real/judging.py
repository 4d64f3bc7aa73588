"""What the answers of a gateway mean: pure, so that a fact can be made again from what was seen."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from scripts.azure_real.traffic import OK, Answer, Kept
from scripts.azure_real.watching import Seen

Fact = dict[str, Any]


def judge_mixture(
    answers: Sequence[Answer], old: str, new: str, *, sent_s: float, ended_s: float
) -> Fact:
    """Say for how long both versions answered; times count from when the change was sent."""
    news = [each.sent_s for each in answers if each.what == new]
    olds = [each.sent_s for each in answers if each.what == old]
    if not news:
        return {"answer": "unknown", "why": "the new version never answered"}
    first_new_s, last_old_s = min(news), max(olds, default=sent_s)
    mixed_s = max(0.0, last_old_s - first_new_s)
    others = Counter(each.what for each in answers if each.what not in {old, new})
    return {
        "answer": "mixed" if mixed_s else "in one step",
        "mixed_s": round(mixed_s, 2),
        "first_new_s": round(first_new_s - sent_s, 2),
        "last_old_s": round(last_old_s - sent_s, 2),
        "operation_s": round(ended_s - sent_s, 2),
        "is_live_when_operation_ends": last_old_s <= ended_s,
        "requests": len(answers),
        "other_answers": dict(sorted(others.items())),
    }


def judge_drain(
    slow: Sequence[tuple[float, Answer]], kept: Kept, kept_open: int, *, drain_s: float
) -> Fact:
    """Say whether requests were cut: those shorter than the drain, and longer ones."""
    if all(answer.what != OK for _, answer in slow):
        return {"answer": "unknown", "why": "no request reached a server"}
    by_length = [
        _judge_length(length_s, [answer for length, answer in slow if length == length_s])
        for length_s in sorted({length for length, _ in slow})
    ]
    is_cut = {each["length_s"]: bool(each["cut"]) for each in by_length}
    short = any(is_cut[length] for length in is_cut if length < drain_s)
    long = any(is_cut[length] for length in is_cut if length >= drain_s)
    answer = "cuts at once" if short else "cuts past the time-out" if long else "cuts nothing"
    return {
        "answer": answer,
        "drain_s": drain_s,
        "slow_requests": by_length,
        "kept_connections": {
            "open": kept_open,
            "made_anew": kept.made - kept_open,
            "requests": kept.requests,
            "failed": kept.failed,
        },
    }


def judge_reach(health: Mapping[str, Sequence[str]], ways: Sequence[str]) -> Fact:
    """Say what the gateway reaches; `ways` are the pools, each with its servers' health."""
    words = {way: sorted(set(health.get(way, ()))) for way in ways}
    reached = [way for way in ways if words[way] == ["Healthy"]]
    pods = [way for way in reached if way.endswith("pods")]
    answer = "both clusters' pods" if len(pods) == 2 else "one cluster's pods" if pods else "no pod"
    return {"answer": answer, "reached": reached, "health": words}


def judge_waits(seen: Sequence[Seen]) -> Fact:
    """Say what Retry-After each kind of operation sent, as [seconds, times], and how long it took.

    The first is the write's own answer; null stands for none.
    """
    by_name: dict[str, list[Seen]] = {}
    for each in seen:
        by_name.setdefault(each.name, []).append(each)
    said = any(wait is not None for each in seen for wait in each.retry_after_s)
    return {
        "answer": "said" if said else "never said",
        "operations": {
            name: [
                {
                    "took_s": None if each.took_s is None else round(each.took_s, 2),
                    "retry_after_s": [
                        [wait, len(list(same))] for wait, same in groupby(each.retry_after_s)
                    ],
                    "words": each.words,
                }
                for each in found
            ]
            for name, found in sorted(by_name.items())
        },
    }


def _judge_length(length_s: float, answers: Sequence[Answer]) -> Fact:
    cut = [each for each in answers if each.what != OK]
    took = [each.took_s for each in cut]
    return {
        "length_s": length_s,
        "requests": len(answers),
        "cut": len(cut),
        "cut_as": dict(sorted(Counter(each.what for each in cut).items())),
        "cut_after_s": [round(each(took), 2) for each in (min, max)] if took else [],
    }
