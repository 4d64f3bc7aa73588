"""The part of the page about traffic: totals, whose the failures were, changes of the split."""

from collections.abc import Sequence

from bascule.report.page.markup import Markup, el, join
from bascule.report.page.node import Node
from bascule.report.page.shares_cell import render_shares
from bascule.report.page.tables import NOTHING, number_cell, render_table, row, sign

_CLUSTERS = ("blue", "green")
_TOTALS = (
    "cluster",
    "requests",
    "failed",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "most open",
    "open at end",
)


def render_totals(root: Node) -> Markup:
    """Return what each cluster did in all samples together."""
    traffic = root.at("traffic")
    rows = [_render_cluster(name, traffic.at("clusters", name)) for name in _CLUSTERS]
    covered = traffic.at("covered_share").figure("% of the time", scale=100)
    caption = "What the gateway counted, by the cluster that answered"
    return join(
        render_table(caption, _number_heads(_TOTALS), rows),
        el(
            "p",
            "From ",
            traffic.at("samples").figure("samples"),
            ", which cover ",
            covered,
            ". Mirrored requests are counted too, previews are not.",
            class_="hint",
        ),
        _render_witness(root.at("witness")),
    )


def _render_cluster(name: str, totals: Node) -> Markup:
    return row(
        name,
        number_cell(totals.at("requests").figure()),
        number_cell(totals.at("failures").figure()),
        number_cell(totals.at("p50_ms").figure()),
        number_cell(totals.at("p95_ms").figure()),
        number_cell(totals.at("p99_ms").figure()),
        number_cell(totals.at("open_max").figure()),
        number_cell(totals.at("open_last").figure()),
    )


def _render_witness(witness: Node) -> Markup:
    if not witness.at("samples").number:
        return Markup()
    return el(
        "p",
        "The witness, Bascule's own client outside both clusters, made ",
        witness.at("requests").figure("requests"),
        "; ",
        witness.at("failed").figure("failed"),
        ". Its p99 was ",
        witness.at("p99_typical_ms").figure("ms"),
        " as a rule and ",
        witness.at("p99_worst_ms").figure("ms"),
        " at worst; its longest time without a success was ",
        witness.at("max_gap_ms").figure("ms"),
        " (",
        witness.at("gap_limit_ms").figure("ms"),
        " are allowed).",
        class_="hint",
    )


def _number_heads(heads: Sequence[str]) -> list[str | Markup]:
    return [heads[0], *(el("th", head, scope="col", class_="n") for head in heads[1:])]


def render_failures(root: Node) -> Markup:
    """Return whose the failed requests were, and when."""
    failures = root.at("failures")
    parts = [
        el("h2", "Failed requests"),
        el("p", failures.at("sentence").text),
        _render_counted(root),
    ]
    rows = [
        ("by blue", "blue"),
        (_sub("before the first change of the split"), "blue_before_change"),
        (_sub("requests of the witness that it never answered"), "blue_unanswered"),
        ("by green itself", "green"),
        (_sub("while it had no weight: mirrored requests"), "green_without_weight"),
        (_sub("requests of the witness that it never answered"), "green_unanswered"),
        ("of the witness, that reached no cluster", "witness_unexplained"),
        ("all together", "total"),
    ]
    table = [row(name, number_cell(failures.at(field).figure())) for name, field in rows]
    heads = _number_heads(["whose", "requests"])
    parts.append(render_table("Failed requests, by whose they were", heads, table, class_="narrow"))
    spans = [
        row(
            span.at("cluster").text,
            span.at("from_at").moment(),
            span.at("to_at").moment(),
            number_cell(span.at("failures").figure()),
            number_cell(span.at("requests").figure()),
        )
        for span in failures.at("spans")
    ]
    if spans:
        heads = ["cluster", "from", "to", *_number_heads(["", "failed", "of requests"])[1:]]
        parts.append(render_table("When requests failed (UTC)", heads, spans))
    return el("section", parts, id="failures")


def _render_counted(root: Node) -> Markup:
    """Return where the counts come from."""
    share = root.at("failures", "counted_share").figure("% of the time", scale=100)
    return el(
        "p",
        "Counted over ",
        share,
        ", by samples and by the gates' own counts in the journal; of both, the larger stands.",
        class_="hint",
    )


def _sub(text: str) -> Markup:
    return el("span", f"of these, {text}", class_="sub")


def render_changes(root: Node) -> Markup:
    """Return every change of the split, with the word of the witness on the six rules."""
    changes = list(root.at("changes"))
    if not changes:
        empty = el("p", "The split was not changed.", class_="unknown")
        return el("section", el("h2", "Changes of the split"), empty, id="changes")
    heads: list[str | Markup] = ["step", "when", "green", "by"]
    heads += _number_heads(["", "acknowledged after ms", "in effect after ms", "witness"])[1:]
    heads += [_rule_head(rule) for rule in root.at("rules")]
    table = render_table(
        "Each change (times in UTC), and which of the six rules held", heads, map(_change, changes)
    )
    rules = [
        el(
            "li",
            rule.at("name").text,
            ": held ",
            rule.at("held").figure(),
            ", broken ",
            rule.at("broken").figure(),
            ", not judged ",
            rule.at("unknown").figure(),
        )
        for rule in root.at("rules")
    ]
    return el(
        "section",
        el("h2", "Changes of the split"),
        el(
            "p",
            "Around each change Bascule's witness asks through the gateway on a fixed schedule, "
            "and judges by the six rules of zero downtime.",
            class_="hint",
        ),
        table,
        el("ol", rules, class_="rules"),
        _render_notes(changes),
        id="changes",
    )


def _rule_head(rule: Node) -> Markup:
    number = rule.at("number").text
    return el(
        "th",
        el("span", number, aria_hidden="true"),
        el("span", f"rule {number}: {rule.at('name').text}", class_="sr"),
        scope="col",
        class_="rule",
        title=rule.at("name").text,
    )


def _change(change: Node) -> Markup:
    result = change.at("result").text or "no outcome"
    state = Markup() if result == "done" else el("span", f" ({result})", class_="no")
    requests = change.at("witness", "requests")
    witness = NOTHING
    if requests.number is not None:
        failed = change.at("witness", "failed").figure()
        witness = join(failed, " of ", requests.figure(), " failed")
    rules = [
        el("td", sign(_holds(rule)), class_="rule", title=rule.at("reason").text)
        for rule in change.at("rules")
    ]
    return row(
        el("span", change.at("step").text or change.at("kind").text, state, class_="nowrap"),
        change.at("intended_at").moment(),
        render_shares(change),
        change.at("actor").text,
        number_cell(change.at("command_ms").figure()),
        number_cell(change.at("effective_ms").figure()),
        number_cell(witness),
        *rules,
    )


def _holds(rule: Node) -> bool | None:
    holds = rule.at("holds").data
    return holds if isinstance(holds, bool) else None


def _render_notes(changes: list[Node]) -> Markup:
    """Return what went wrong with a change, and which rules were broken."""
    said = []
    for change in changes:
        name = change.at("step").text or change.at("kind").text
        if change.at("trouble").text:
            said.append(f"{name}: {change.at('trouble').text}")
        said += [f"{name}: {note.text}" for note in change.at("notes")]
        said += [
            f"{name}, rule {rule.at('number').text}: {rule.at('reason').text}"
            for rule in change.at("rules")
            if rule.at("holds").data is False
        ]
    return el("ul", [el("li", text) for text in said], class_="plain") if said else Markup()
