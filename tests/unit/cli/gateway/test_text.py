from bascule.app.gateways.adopted import Adopted
from bascule.app.gateways.adopting import AdoptionPlan
from bascule.app.gateways.agic import AddOn, AgicFound, Controller
from bascule.app.gateways.releasing import ReleasePlan
from bascule.cli.gateway.text import (
    adoption_plan_document,
    release_plan_document,
    render_adoption_plan,
    render_release_plan,
)
from bascule.gateway.appgw.adoption import Exchange, HostChange
from bascule.gateway.appgw.giving_back import GivenBack
from bascule.gateway.appgw.serving import NOBODY, Place, Served
from bascule.gateway.ownership import Owns
from bascule.ids import Cluster
from bascule.routing.model import Problem

AGIC = Controller(
    cluster=Cluster.BLUE, context="old", namespace="agic", name="ingress-azure", replicas=2
)
ADD_ON = AddOn(
    cluster_id="/cluster",
    name="old",
    owns_gateway=False,
    identity_id="/identity",
    is_identity_used=False,
)
GATEWAY = "/subscriptions/s/gateways/AppGateway"
HOST = HostChange(
    place=Place("shop.example.com", 80, "public"),
    before=Served(paths=1, addresses=("10.0.0.1",)),
    after=NOBODY,
)
EXCHANGE = Exchange(
    removed={"httpListeners": 2}, added={}, stays={"x": 1}, touched=(), hosts=(HOST,)
)
PROBLEM = Problem(
    cluster=Cluster.BLUE, kind="Ingress", namespace="a", name="b", code="C", message="no"
)


def adoption_plan(**changes: object) -> AdoptionPlan:
    given: dict[str, object] = {
        "gateway_id": GATEWAY,
        "agic_prefix": "a-",
        "is_done": False,
        "objects": {"httpListeners": 2},
        "found": AgicFound(controllers=(AGIC,), add_ons=(ADD_ON,), unseen=("the Pods",)),
        "exchange": EXCHANGE,
        "problems": (PROBLEM,) * 21,
        "blockers": ("it is so",),
    }
    return AdoptionPlan(**{**given, **changes})  # type: ignore[arg-type]  # as the plan takes them


def release_plan(*, is_given: bool = False) -> ReleasePlan:
    return ReleasePlan(
        gateway_id=GATEWAY,
        adopted=Adopted(
            agic_prefix="", document={}, controllers=(AGIC,), add_ons=(ADD_ON.cluster_id,)
        ),
        owns=Owns(prefix="bsc-", owner="shop"),
        is_given=is_given,
        now={},
        given=GivenBack(document={}, as_kept=("pool-a",)),
        exchange=EXCHANGE,
        blockers=(),
    )


def test_a_plan_says_whose_what_is_and_what_becomes_of_each_host() -> None:
    text = "\n".join(render_adoption_plan(adoption_plan()))

    for said in (
        "AGIC's, by their names behind the prefix 'a-': 2 listeners",
        "AGIC is agic/ingress-azure of blue: it runs with 2 replica(s)",
        "AGIC is the add-on of old, with the identity /identity",
        "not seen: the Pods",
        "put AGIC to sleep: kubectl --context old -n agic scale",
        "with the tags bascule-owner and bascule-adopted",
        "shop.example.com:80 (public): 1 path to 10.0.0.1 -> nobody",
        "PROBLEM  Ingress a/b of blue: no  [C]",
        "PROBLEM  and 1 more",
        "BLOCKER  it is so",
    ):
        assert said in text


def test_a_plan_for_what_is_done_says_that_nothing_is_to_do() -> None:
    plan = adoption_plan(is_done=True, found=AgicFound())

    assert plan.is_empty
    assert "it is taken over already: there is nothing to do" in [*render_adoption_plan(plan)]


def test_what_a_release_leaves_to_people_is_said() -> None:
    text = "\n".join(render_release_plan(release_plan()))

    assert "AGIC's pool pool-a gets the addresses of before" in text
    assert "then AGIC is woken up: kubectl --context old -n agic scale" in text
    assert "then, by you: az aks enable-addons -a ingress-appgw --ids /cluster" in text


def test_a_gateway_that_an_earlier_try_gave_back_is_not_written_again() -> None:
    lines = [*render_release_plan(release_plan(is_given=True))]

    assert lines[0] == "the gateway AppGateway is given back already"
    assert not any("would become" in each for each in lines)


def test_scripts_are_told_the_same() -> None:
    adopting = adoption_plan_document(adoption_plan())
    releasing = release_plan_document(release_plan())

    assert adopting["blockers"] == ["it is so"]
    assert adopting["first_table"] == {
        "removed": {"httpListeners": 2},
        "added": {},
        "stays": {"x": 1},
        "touched": [],
        "lost": ["shop.example.com"],
        "hosts": [
            {
                "host": "shop.example.com",
                "port": 80,
                "frontend": "public",
                "before": ["10.0.0.1"],
                "after": [],
            }
        ],
    }
    assert releasing["pools"] == {"now": [], "as_kept": ["pool-a"]}


def test_tags_that_are_there_are_not_written_once_more() -> None:
    again = "\n".join(render_adoption_plan(adoption_plan(is_done=True)))

    assert "put AGIC to sleep" in again
    assert "with the tags" not in again
