"""What the cases of the drivers' contract come to. Pure."""

from collections.abc import Mapping, Sequence

from scripts.azure_real.judging import Fact

HELD, BROKEN, UNKNOWN, NOT_ASKED = "held", "broken", "unknown", "not asked"


def judge_contract(cases: Mapping[str, Fact], left: Sequence[str]) -> Fact:
    """Say whether all cases hold; `left` is what the gateway shows otherwise than before."""
    said = [case["answer"] for case in cases.values()]
    broken, tried = said.count(BROKEN), len(said) - said.count(NOT_ASKED)
    if broken:
        answer = f"broken in {broken} of {tried} cases"
    elif UNKNOWN in said or not tried:
        answer = UNKNOWN
    else:
        answer = f"held in {tried} cases"
    why = [f"{text}: {case['why']}" for text, case in cases.items() if case["answer"] == UNKNOWN]
    return {
        "answer": answer,
        **({"why": "; ".join(why) or "no case was asked"} if answer == UNKNOWN else {}),
        "is_gateway_as_before": not left,
        "left": list(left),
        "puts": sum(case.get("puts", 0) for case in cases.values()),
        "cases": dict(cases),
    }


def judge_wide(
    refused: str,
    *,
    problems: Sequence[str],
    unlike: Sequence[str],
    puts_again: int,
    left: Sequence[str],
) -> Fact:
    """Say what became of a wide document; `unlike` is what Azure shows otherwise than written."""
    if refused:
        answer = "refused"
    elif puts_again or unlike:
        answer = "taken, and a restart would write it again"
    else:
        answer = "taken, and a restart writes nothing"
    return {
        "answer": answer,
        **({"why": refused} if refused else {}),
        "problems": sorted(set(problems)),
        "shown_otherwise": list(unlike),
        "puts_of_a_restart": puts_again,
        "is_gateway_as_before": not left,
        "left": list(left),
    }
