"""The end of the page: what it rests on, how to check it, and what it cannot say."""

from bascule.report.page.markup import Markup, el, join
from bascule.report.page.node import Node
from bascule.report.page.tables import bullets, pill


def render_proof(root: Node) -> Markup:
    """Return the journal's facts and how to check the page against it."""
    facts = [join(el("dt", name), el("dd", value)) for name, value in _journal_rows(root)]
    name = root.at("upgrade").text
    commands = f"bascule upgrade verify-journal {name}\nbascule upgrade report {name} --json FILE"
    return el(
        "section",
        el("h2", "What this rests on"),
        el(
            "p",
            "Everything here comes from the journal, whose records are chained by digests, and "
            "from samples of the gateway's own counters and of Bascule's own witness. The JSON "
            "from which this page was made is inside it, in the element with the id evidence; each "
            "number names its field there.",
        ),
        el("dl", facts, class_="facts"),
        el("p", "To check it against the journal:", class_="hint"),
        el("pre", commands),
        id="proof",
    )


def _journal_rows(root: Node) -> list[tuple[str, Markup]]:
    journal = root.at("journal")
    is_verified = journal.at("is_verified").is_true
    state = pill("✓ chain verified", "good") if is_verified else pill("✗ not verified", "bad")
    rows = [
        ("Journal", join(journal.at("records").figure("records", decimals=0), " ", state)),
        (
            "This run",
            join(
                "records ",
                journal.at("run_first_seq").figure(),
                " to ",
                journal.at("run_last_seq").figure(),
                "; generations of the runtime: ",
                journal.at("generations").figure(),
            ),
        ),
        ("First digest", el("code", journal.at("first_digest").text)),
        ("Last digest", el("code", journal.at("last_digest").text)),
    ]
    if journal.at("trouble").text:
        rows.insert(1, ("Trouble", join(journal.at("trouble").text)))
    return rows


def render_unknown(root: Node) -> Markup:
    """Return what the page cannot say."""
    items = [item.text for item in root.at("unknown")]
    body = bullets(items) if items else el("p", "Nothing that it should know.", class_="unknown")
    return el("section", el("h2", "What is not known"), body, id="unknown")
