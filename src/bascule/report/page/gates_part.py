"""The part of the page about gates: what they asked for, what they saw, what they said."""

from bascule.report.page.markup import Markup, el, join
from bascule.report.page.node import Node
from bascule.report.page.tables import DASH, NOTHING, bullets, number_cell, pill, render_table, row
from bascule.report.wording import say_number

_KINDS = {"pass": "good", "fail": "bad", "hold": "warn"}
_WORDS = {"pass": "✓ passed", "fail": "✗ failed", "hold": "… held"}


def render_gates(root: Node) -> Markup:
    """Return the gates of every step, the failed ones open."""
    gates = list(root.at("gates"))
    body = (
        [_render_gate(gate) for gate in gates]
        if gates
        else [el("p", "No gate was judged.", class_="unknown")]
    )
    hint = (
        "A gate says pass, hold (not yet) or fail. The e-value of a test says how many times "
        "likelier what was seen is if green is worse than allowed; it may be looked at as often "
        "as one likes, and the test fails when it reaches its limit."
    )
    return el(
        "section",
        el("h2", "Gates"),
        el("p", hint, class_="hint"),
        body,
        _render_checks(root),
        id="gates",
    )


def _render_gate(gate: Node) -> Markup:
    verdict = gate.at("verdict").text
    judgements = list(gate.at("judgements"))
    last = judgements[-1] if judgements else gate.at("judgements", 0)
    looks = join("Judgements recorded: ", gate.at("looks").figure())
    head = el(
        "summary",
        gate.at("step").text,
        pill(_WORDS.get(verdict, verdict), _KINDS.get(verdict, "")),
    )
    return el(
        "details",
        head,
        bullets(reason.text for reason in last.at("reasons")),
        _render_tests(last.at("evidence", "tests")),
        _render_course(judgements),
        el("p", looks, _say_asked(gate.at("asked")), class_="hint"),
        open="open" if verdict == "fail" else None,
    )


def _render_tests(tests: Node) -> Markup:
    rows = [
        row(
            test.at("name").text,
            _tally(test.at("blue")),
            _tally(test.at("green")),
            number_cell(test.at("e_value").figure()),
            number_cell(test.at("limit").figure()),
            pill(test.at("verdict").text, _KINDS.get(test.at("verdict").text, "")),
        )
        for test in tests
    ]
    if not rows:
        return Markup()
    weights = [el("th", head, scope="col", class_="n") for head in ("e-value", "fails at")]
    heads: list[str | Markup] = ["test", "blue", "green", *weights, "verdict"]
    return render_table("The numbers of the last judgement", heads, rows)


def _tally(tally: Node) -> Markup:
    if tally.at("requests").number is None:
        return NOTHING
    return join(tally.at("bad").figure(), " bad of ", tally.at("requests").figure())


def _render_course(judgements: list[Node]) -> Markup:
    """Return how the verdict changed, when it did."""
    if len(judgements) < 2:
        return Markup()
    return bullets(
        join(
            judgement.at("at").moment(),
            " ",
            judgement.at("verdict").text,
            ": ",
            "; ".join(reason.text for reason in judgement.at("reasons")),
        )
        for judgement in judgements
    )


def _say_asked(asked: Node) -> str:
    said = []
    success = asked.at("success_min").number
    below = asked.at("below_blue_max").number
    if success is not None:
        said.append(f"at least {say_number(100 * success)} % of green's requests succeed")
    if below is not None:
        said.append(f"at most {say_number(100 * below)} % fewer than blue's")
    for rule in asked.at("latency"):
        name = f"p{rule.at('percentile').text}"
        most, over = rule.at("max_ms").number, rule.at("over_blue_max_ms").number
        said += [f"{name} at most {say_number(most)} ms"] if most is not None else []
        said += [f"{name} at most {say_number(over)} ms above blue's"] if over is not None else []
    least = asked.at("requests_min").number
    if asked.at("has_traffic").is_true and least is not None:
        said.append(f"after {say_number(least)} requests or more")
    said += [f"check {check.at('name').text}" for check in asked.at("checks")]
    return f". Asked for: {'; '.join(said)}." if said else "."


def _render_checks(root: Node) -> Markup:
    rows = [
        row(
            check.at("name").text,
            number_cell(check.at("passed").figure()),
            number_cell(check.at("failed").figure()),
            number_cell(check.at("unknown").figure()),
            check.at("last_outcome").text,
            check.at("last_reason").text or DASH,
        )
        for check in root.at("checks")
    ]
    if not rows:
        return Markup()
    counts = [el("th", name, scope="col", class_="n") for name in ("passed", "failed", "unknown")]
    heads: list[str | Markup] = ["check", *counts, "last", "why"]
    return join(el("h3", "Checks"), render_table("How often each check answered what", heads, rows))
