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

    assert build_arrangement(spec) == arrangement
    assert said in render_surroundings(spec)


def test_mirroring_is_arranged_only_for_its_time() -> None:
    spec = read_upgrade("mirror: {percent: 2.5}\n")

    assert build_arrangement(spec).mirror is None
    assert build_arrangement(spec, has_mirror=True).mirror == Mirror(share_bp=250)


def test_the_step_is_named_after_what_it_brings() -> None:
    sticky = read_upgrade("preview: off\nstickySessions: {kind: cookie}\n")

    assert surroundings_key(read_upgrade(), "on") == "preview-on"
    assert surroundings_key(sticky, "off") == "sticky-off"


def test_the_step_holds_the_whole_arrangement() -> None:
    wanted = Arrangement(preview=PREVIEW)

    step = plan_arrangement("preview-on", Stage.VERIFY, wanted, title="look")

    assert parse_arrangement(step.args["arrangement"]) == wanted
