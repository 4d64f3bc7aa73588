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
