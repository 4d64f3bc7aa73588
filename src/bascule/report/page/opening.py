"""The top of the page: what a person who reads nothing else has to know."""

from bascule.report.page.markup import Markup, el, join
from bascule.report.page.node import Node
from bascule.report.page.tables import pill

_OUTCOMES = {
    "completed": ("✓ Completed", "good"),
    "rolled_back": ("↩ Rolled back", "warn"),
    "unfinished": ("… Not finished", "warn"),
}
_DOWNTIME = {
    True: ("✓ Zero downtime", "good"),
    False: ("✗ Not zero downtime", "bad"),
    None: ("? Zero downtime not proven", "warn"),
}


def render_opening(root: Node) -> Markup:
    """Return the header: name, how it ended, the verdict, who, when and how long."""
    outcome = root.at("outcome").text
    downtime = root.at("verdict", "is_zero_downtime").data
    pills = (
        pill(*_OUTCOMES.get(outcome, (outcome, ""))),
        pill(*_DOWNTIME[downtime if isinstance(downtime, bool) else None]),
    )
    return el(
        "header",
        el("p", "Evidence of an upgrade", class_="eyebrow"),
        el("h1", root.at("upgrade").text),
        el("p", pills, class_="pills"),
        el("p", root.at("verdict", "sentence").text, class_="lead"),
        el("p", "Zero downtime: ", root.at("verdict", "reason").text, ".", class_="hint"),
        _render_facts(root),
        class_="top",
    )


def _render_facts(root: Node) -> Markup:
    rows = [
        ("Gateway", join(root.at("gateway").text)),
        ("Clusters", _name_clusters(root)),
        ("Started", join(root.at("started_at").clock(), " by ", root.at("started_by").text)),
    ]
    if root.at("reason").text:
        rows.append(("Why", join(root.at("reason").text)))
    if root.at("ended_at").text:
        took = root.at("duration_s").duration()
        rows.append(("Ended", join(root.at("ended_at").clock(), ", after ", took)))
    else:
        rows.append(("As of", join(root.at("as_of").clock(), ", in ", root.at("stage").text)))
    rows.append(("Run", el("code", root.at("run_id").text)))
    rows.append(("Plan", _render_plan(root.at("plan"))))
    items = [join(el("dt", name), el("dd", value)) for name, value in rows]
    return el("dl", items, class_="facts")


def _name_clusters(root: Node) -> Markup:
    names = []
    for cluster in root.at("clusters"):
        known = [cluster.at(field).text for field in ("name", "context", "server")]
        name = next((text for text in known if text), "")
        names.append(f"{cluster.name} {name}".strip())
    return join(" → ".join(names) or "not named")


def _render_plan(plan: Node) -> Markup:
    back = "automatic rollback" if plan.at("is_rollback_automatic").is_true else "manual rollback"
    steps = plan.at("steps").figure("steps", decimals=0)
    digest = el("code", plan.at("digest").text)
    return join(steps, f", {back}, SHA-256 ", digest)


def render_figures(root: Node) -> Markup:
    """Return the few numbers that matter most."""
    failures = root.at("failures")
    others = failures.at("other_than_green")
    green = failures.at("green")
    figures = [
        (
            others.figure(),
            "failed requests other than those that green itself failed",
            _tone(others),
        ),
        (green.figure(), "requests that green itself failed", _tone(green)),
        (root.at("failures", "requests").figure(), "requests counted by the gateway", ""),
        (
            root.at("witness", "max_gap_ms").figure("ms"),
            "longest time without a success, of the witness",
            "",
        ),
        (
            root.at("slowest_change_ms").figure("ms"),
            "slowest change of the split, until acknowledged",
            "",
        ),
    ]
    back = root.at("rollback", "traffic_back_s")
    if back.number is not None:
        figures.append((back.duration(), "from the decision to roll back to all traffic back", ""))
    items = [
        el(
            "li",
            el("span", value, class_=f"value {tone}".strip()),
            el("span", what, class_="what"),
        )
        for value, what, tone in figures
    ]
    class_ = "figures three" if len(items) % 3 == 0 else "figures"
    return el("ul", items, class_=class_, aria_label="Key figures")


def _tone(count: Node) -> str:
    if count.number is None:
        return ""
    return "bad" if count.number else "good"


def render_rollback(root: Node) -> Markup:
    """Return why and how the upgrade undid itself; nothing if it did not."""
    rollback = root.at("rollback")
    if rollback.data is None:
        return Markup()
    who = "Bascule itself" if rollback.at("is_automatic").is_true else rollback.at("actor").text
    rows = [
        ("Decided", join(rollback.at("at").clock(), " by ", who)),
        ("Traffic back", join(rollback.at("traffic_back_at").clock())),
        ("All undone", join(rollback.at("finished_at").clock())),
        ("It took", rollback.at("duration_s").duration()),
    ]
    if rollback.at("reason").text:
        rows.insert(1, ("Reason given", join(rollback.at("reason").text)))
    facts = [join(el("dt", name), el("dd", value)) for name, value in rows]
    return el(
        "section",
        el("h2", "Why it was rolled back"),
        el("p", rollback.at("cause").text),
        el("dl", facts, class_="facts"),
        el("h3", "What was undone, in this order"),
        el(
            "ol", [el("li", el("code", step.text)) for step in rollback.at("steps")], class_="plain"
        ),
        class_="callout",
        id="rollback",
    )
