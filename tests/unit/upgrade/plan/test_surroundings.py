from dataclasses import replace

import pytest

from bascule.routing.affinity import Affinity, AffinityKind
from bascule.routing.arrangement import NOTHING_ARRANGED, Arrangement, Mirror, Preview
from bascule.upgrade.plan.arranging import parse_arrangement
from bascule.upgrade.plan.surroundings import (
    build_arrangement,
    plan_arrangement,
    render_surroundings,
    surroundings_key,
)
from bascule.upgrade.run.stages import Stage
from tests.support.planning import ABLE, KNOWN, SLOW
from tests.support.specs import read_upgrade

PREVIEW = Preview(header="x-bascule-preview")


@pytest.mark.parametrize(
    ("text", "arrangement", "said"),
    [
        ("", Arrangement(preview=PREVIEW), "`x-bascule-preview: green` reaches green"),
        ("preview: off\n", NOTHING_ARRANGED, ""),
        (
            "preview: off\nstickySessions: {kind: cookie, ttl: 1m}\n",
            Arrangement(affinity=Affinity(ttl_s=60)),
            "users are kept on their cluster by cookie",
        ),
        (
            "stickySessions: {kind: header, name: x-user}\n",
            Arrangement(
                preview=PREVIEW, affinity=Affinity(kind=AffinityKind.HEADER, name="x-user")
            ),
            "reaches green; users are kept on their cluster by header",
        ),
        (
            "preview: off\nstickySessions: {kind: none}\n",
            Arrangement(affinity=Affinity(kind=AffinityKind.NONE)),
            "users are kept on their cluster by nothing",
        ),
        (
            "preview: {hosts: {green.a.test: a.test}}\n",
            Arrangement(
                preview=Preview(header="x-bascule-preview", hosts={"green.a.test": "a.test"})
            ),
            ", host green.a.test reaches green",
        ),
    ],
    ids=["preview", "nothing", "cookie", "header", "none", "host"],
)
def test_the_spec_says_what_stands_around_the_split(
    text: str, arrangement: Arrangement, said: str
) -> None:
    spec = read_upgrade(text)

    assert build_arrangement(spec, ABLE) == arrangement
    assert said in render_surroundings(arrangement)


@pytest.mark.parametrize(
    ("text", "preview"),
    [
        ("", None),
        ("preview: {}\n", None),
        ("preview: {hosts: {green.a.test: a.test}}\n", Preview(hosts={"green.a.test": "a.test"})),
        ("preview: {header: x-mine}\n", Preview(header="x-mine")),
    ],
    ids=["nothing said", "nothing asked", "host", "header asked for"],
)
def test_where_no_header_is_read_the_usual_one_is_left_out(
    text: str, preview: Preview | None
) -> None:
    can = replace(ABLE, has_preview_by_header=False)

    around = build_arrangement(read_upgrade(text), can)

    assert around == Arrangement(preview=preview)


def test_a_preview_without_a_header_is_told_by_its_hosts() -> None:
    around = Arrangement(preview=Preview(hosts={"b.green.test": "b", "a.green.test": "a"}))

    told = render_surroundings(around)

    assert told == "host a.green.test, host b.green.test reaches green"


def test_mirroring_is_arranged_only_for_its_time() -> None:
    spec = read_upgrade("mirror: {percent: 2.5}\n")

    assert build_arrangement(spec, ABLE).mirror is None
    assert build_arrangement(spec, ABLE, has_mirror=True).mirror == Mirror(share_bp=250)


def test_the_step_is_named_after_what_it_brings() -> None:
    assert surroundings_key(Arrangement(preview=PREVIEW), "on") == "preview-on"
    assert surroundings_key(Arrangement(affinity=Affinity()), "off") == "sticky-off"


def test_the_step_holds_the_whole_arrangement() -> None:
    wanted = Arrangement(preview=PREVIEW)

    step = plan_arrangement("preview-on", Stage.VERIFY, wanted, KNOWN, title="look")

    assert parse_arrangement(step.args["arrangement"]) == wanted
    assert step.estimate_s == 1.0


def test_where_a_change_is_an_update_of_the_gateway_the_step_says_so() -> None:
    step = plan_arrangement("preview-on", Stage.VERIFY, Arrangement(), SLOW, title="look")

    assert step.reason.endswith("moved by this; costs 1 PUT, an update of the whole gateway")
    assert step.estimate_s == 8.0
