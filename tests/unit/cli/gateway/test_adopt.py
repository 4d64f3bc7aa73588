from pathlib import Path

from bascule.app.gateways.adopting import Adoption
from bascule.cli.gateway.adopt import render_done
from bascule.cli.gateway.opening import Source


def test_the_next_command_is_for_the_place_where_what_was_taken_over_is_kept() -> None:
    usual = Source(file=Path("gateway.yaml"))
    elsewhere = Source(file=Path("gateway.yaml"), state="/kept/here")
    done = Adoption(asleep=(), disabled=(), took_s=8.25)
    again = Adoption(asleep=(), disabled=(), took_s=None)

    assert render_done(done, usual) == [
        "done: the update took 8.2 s",
        "next: bascule run -f gateway.yaml",
    ]
    assert render_done(again, elsewhere) == [
        "done: it had the tags already",
        "next: bascule run -f gateway.yaml --state /kept/here",
    ]
