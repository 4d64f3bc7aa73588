"""The evidence of an upgrade as one self-contained page."""

import html
from collections.abc import Mapping

from bascule.journal.record import Json


def render_html(document: Mapping[str, Json]) -> str:
    """Return the page of `document`, which is what `render_evidence` gave."""
    return f"<!doctype html><title>{html.escape(str(document.get('upgrade')))}</title>"
