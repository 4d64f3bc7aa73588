"""What a change of the split gave green: the share of all requests, and of hosts of their own."""

from collections.abc import Iterator, Mapping

from bascule.report.page.markup import Markup, el
from bascule.report.page.node import Node
from bascule.report.wording import say_number

HOSTS_SHOWN_MAX = 3
"""How many hosts one cell names; it counts the others."""


def render_shares(change: Node) -> Markup:
    """Return the cell with green's shares before a change and after it."""
    before = change.at("before", "default", "green_bp").figure(scale=0.01)
    wanted = change.at("wanted", "default", "green_bp").figure("%", scale=0.01)
    hosts = list(_list_hosts(change))
    more = len(hosts) - HOSTS_SHOWN_MAX
    said = hosts[:HOSTS_SHOWN_MAX] + ([f"{more} more hosts"] if more > 0 else [])
    lines = [el("span", text, class_="sub") for text in said]
    return el("td", before, " → ", wanted, *lines, class_="nowrap")


def _list_hosts(change: Node) -> Iterator[str]:
    """Yield the hosts that did not go the way of all, before the change or after it."""
    before, wanted = _shares(change.at("before")), _shares(change.at("wanted"))
    for host in sorted({*before, *wanted} - {""}):
        old, new = (shares.get(host, shares[""]) for shares in (before, wanted))
        yield f"{host}: {say_number(old)} → {say_number(new)} %"


def _shares(split: Node) -> Mapping[str, float]:
    """Return green's percent by host; of all others under the empty name."""
    by_host = split.at("by_host").data
    hosts = (
        {host: split.at("by_host", host) for host in by_host} if isinstance(by_host, dict) else {}
    )
    found = {"": split.at("default"), **hosts}
    return {host: (each.at("green_bp").number or 0.0) / 100 for host, each in found.items()}
