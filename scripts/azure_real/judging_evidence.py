"""What Azure's own records and answers come to: sizes, probes, and how late each is. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from scripts.azure_real.judging import Fact
from scripts.azure_real.traffic import OK, Answer

MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One request of a size; one that was refused for its etag was read, and so taken."""

    size_bytes: int
    is_taken: bool
    status: int = 0
    code: str = ""


def judge_size(tries: Sequence[Try]) -> Fact:
    """Say how large a request is taken, and how large a one is not."""
    taken = max((each.size_bytes for each in tries if each.is_taken), default=0)
    refused = [each for each in tries if not each.is_taken]
    if not taken:
        return {"answer": "unknown", "why": "not even the smallest one was taken"}
    answer = f"takes {taken / MIB:.1f} MiB"
    if refused:
        answer += f", refuses {refused[0].size_bytes / MIB:.1f} MiB"
    return {
        "answer": answer,
        "taken_bytes": taken,
        "refused": [
            {"bytes": each.size_bytes, "status": each.status, "code": each.code} for each in refused
        ],
    }


def judge_unused_pool(used: int, unused: int) -> Fact:
    """Say whether a pool was probed; the pool that a rule leads to shows that probes were seen."""
    if not used:
        return {"answer": "unknown", "why": "no probe of the pool in use was seen either"}
    return {
        "answer": "probed" if unused else "not probed",
        "probes_of_used_pool": used,
        "probes_of_unused_pool": unused,
    }


def judge_first_answer(
    answers: Sequence[Answer], old: str, *, sent_s: float, ended_s: float
) -> Fact:
    """Say what came after a rule was led to servers; times count from when it was sent."""
    good = [each.sent_s for each in answers if each.what == OK]
    if not good:
        return {"answer": "unknown", "why": "no good answer was seen", "requests": len(answers)}
    bad = [each for each in answers if each.what not in {old, OK}]
    at_s = [each.sent_s for each in bad]
    return {
        "answer": "some failed" if bad else "none failed",
        "first_good_s": round(min(good) - sent_s, 2),
        "operation_s": round(ended_s - sent_s, 2),
        "requests": len(answers),
        "failed": dict(sorted(Counter(each.what for each in bad).items())),
        "failed_from_to_s": [round(each(at_s) - sent_s, 2) for each in (min, max)] if at_s else [],
    }


def is_settled(answers: Sequence[Answer], *, since_s: float) -> bool:
    """Whether requests since then were answered, and all of them well."""
    return {each.what for each in answers if each.sent_s >= since_s} == {OK}


def judge_first_answers(cold: Fact, warm: Fact) -> Fact:
    """Put both ways beside each other: a pool nobody led to, and one that a listener led to."""
    said = cold["answer"], warm["answer"]
    both = {"cold": cold, "warm": warm}
    if "unknown" in said:
        why = "; ".join(each["why"] for each in (cold, warm) if each["answer"] == "unknown")
        return {"answer": "unknown", "why": why, **both}
    words = {
        ("none failed", "none failed"): "at once, cold and warm",
        ("some failed", "none failed"): "at once only where a listener led there before",
        ("some failed", "some failed"): "after failures, cold and warm",
        ("none failed", "some failed"): "after failures only where a listener led there before",
    }
    return {"answer": words[said], **both}


def judge_health(
    took_s: Mapping[str, Sequence[float]], servers: Mapping[str, Sequence[str]], unused: str
) -> Fact:
    """Say how long each way took; `servers` is the health that each told of the unused pool."""
    told = [way for way, found in servers.items() if set(found) - {"Unknown"}]
    return {
        "answer": f"of a pool without a rule: {' and '.join(told) or 'none tells'}",
        "unused_pool": unused,
        "ways": {
            way: {
                "took_s": [round(each, 2) for each in took],
                "median_s": round(median(took), 2),
                "health_of_unused_pool": sorted(set(servers.get(way, ()))),
            }
            for way, took in took_s.items()
        },
    }


def judge_activity_log(
    seen_s: Mapping[str, float], *, ended_s: float, limit_s: float, has_ended: bool
) -> Fact:
    """Say how late statuses were seen; `seen_s` counts from when the PUT was sent."""
    if not seen_s:
        return {"answer": f"nothing within {limit_s:.0f} s"}
    return {
        "answer": "beginning and end" if has_ended else "only its beginning",
        "seen_after_s": {status: round(late, 1) for status, late in seen_s.items()},
        "operation_s": round(ended_s, 2),
        "end_late_s": round(max(seen_s.values()) - ended_s, 1) if has_ended else None,
    }


def judge_minute(
    counts: Sequence[tuple[float, int]], *, sent: int, grain_s: float, limit_s: float
) -> Fact:
    """Say how late one minute was told; `counts` are (seconds after its end, requests in it).

    Bascule takes a minute in when three of its lengths have passed since its end.
    """
    if not counts:
        return {"answer": f"nothing within {limit_s:.0f} s", "sent": sent}
    whole = counts[-1][1]
    whole_s = next(late_s for late_s, count in counts if count == whole)
    return {
        "answer": "in time" if whole_s <= 3 * grain_s else "later than three minutes",
        "first_after_s": round(counts[0][0], 1),
        "whole_after_s": round(whole_s, 1),
        "minute_s": grain_s,
        "sent": sent,
        "counted": whole,
        "counts": [[round(late_s, 1), count] for late_s, count in counts],
    }


def judge_refusals(minute: Fact, refusals: Sequence[str]) -> Fact:
    """Say that a question was never understood, where nothing was told but refusals."""
    if refusals and not minute.get("counts"):
        return {**minute, "answer": "not understood", "why": refusals[-1]}
    return {**minute, "refused_at_first": len(refusals)}
