from dataclasses import replace

import pytest

from bascule.checks.azure.controllers import (
    check_addons,
    check_gitops,
    check_inside,
    check_marks,
)
from bascule.checks.azure.facts import AzureFacts, ControllerFacts, ControllerKind, InsideFacts
from bascule.checks.azure.gateway_facts import AgicObjects
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Severity
from tests.support.azure_facts import GATEWAY, blue, cluster_id, facts, gateway, made_green

UNREADABLE = Unreadable(what="secrets", reason="forbidden")


def with_addon(gateway_id: str) -> AzureFacts:
    return replace(facts(), blue=replace(blue(), has_agic=True, agic_gateway_id=gateway_id))


def with_sign(kind: ControllerKind, *, is_idle: bool = False) -> AzureFacts:
    sign = ControllerFacts(kind=kind, namespace="kube-system", name="agic", is_idle=is_idle)
    return replace(facts(), inside={"blue": InsideFacts(controllers=(sign,))})


def test_clusters_without_agic_are_fine() -> None:
    for check in (check_addons, check_inside, check_gitops, check_marks):
        assert check(facts()) == ()


def test_an_addon_that_writes_this_gateway_is_a_blocker() -> None:
    (found,) = check_addons(with_addon(GATEWAY.upper()))

    assert (found.severity, found.code) == (Severity.BLOCKER, "AgicAddOn")
    assert "az aks disable-addons -a ingress-appgw -n old" in found.remedy


def test_an_addon_is_a_blocker_while_the_gateway_is_not_known() -> None:
    (found,) = check_addons(replace(with_addon(GATEWAY), gateway=UNREADABLE))

    assert found.code == "AgicAddOn"


def test_an_addon_that_does_not_say_what_it_writes_is_a_blocker() -> None:
    (found,) = check_addons(with_addon(""))

    assert found.code == "AgicAddOn"


def test_an_addon_that_writes_another_gateway_is_a_note() -> None:
    (found,) = check_addons(with_addon(GATEWAY + "2"))

    assert (found.severity, found.code) == (Severity.INFO, "AgicElsewhere")
    assert "AppGateway2" in found.message


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        (ControllerKind.HELM, "uninstall the release"),
        (ControllerKind.GITOPS, "suspend or remove it first"),
        (ControllerKind.DEPLOYMENT, "scale it to zero"),
    ],
)
def test_agic_inside_a_cluster_is_a_blocker_with_its_own_advice(
    kind: ControllerKind, advice: str
) -> None:
    (found,) = check_inside(with_sign(kind))

    assert (found.severity, found.code) == (Severity.BLOCKER, "AgicInside")
    assert f"{kind} kube-system/agic" in found.message
    assert advice in found.remedy


def test_an_agic_that_sleeps_is_a_note() -> None:
    (found,) = check_inside(with_sign(ControllerKind.DEPLOYMENT, is_idle=True))

    assert (found.severity, found.code) == (Severity.INFO, "AgicIdle")


@pytest.mark.parametrize(
    ("running", "code"),
    [
        ((True,), "AgicIdle"),
        ((True, False), "AgicInside"),
        ((), "AgicInside"),
    ],
    ids=["all asleep", "one awake", "not seen"],
)
def test_a_release_sleeps_when_all_that_it_runs_does(running: tuple[bool, ...], code: str) -> None:
    helm = ControllerFacts(kind=ControllerKind.HELM, namespace="ingress", name="agic")
    runs = [replace(helm, kind=ControllerKind.DEPLOYMENT, is_idle=idle) for idle in running]
    elsewhere = replace(helm, kind=ControllerKind.POD, namespace="other", is_idle=True)
    inside = InsideFacts(controllers=(helm, *runs, elsewhere))

    found = check_inside(replace(facts(), inside={"blue": inside}))

    assert found[0].code == code
    assert "Helm release" in found[0].message


def test_a_cluster_that_nobody_looked_into_is_a_warning() -> None:
    found = check_inside(replace(facts(), green=made_green()))

    assert [(f.severity, f.code, f.subject) for f in found] == [
        (Severity.WARNING, "InsideNotLooked", "green")
    ]


@pytest.mark.parametrize("inside", [UNREADABLE, InsideFacts(unseen=(UNREADABLE,))])
def test_what_cannot_be_read_inside_is_a_warning(inside: InsideFacts | Unreadable) -> None:
    (found,) = check_inside(replace(facts(), inside={"blue": inside}))

    assert (found.severity, found.code) == (Severity.WARNING, "InsideUnreadable")
    assert "secrets of blue cannot be read" in found.message


@pytest.mark.parametrize(
    ("cluster", "said"), [(cluster_id("old"), "AGIC of the cluster old."), ("", "the AGIC. ")]
)
def test_the_tag_of_agic_is_a_blocker(cluster: str, said: str) -> None:
    marked = replace(gateway(), is_marked_by_agic=True, agic_cluster_id=cluster)

    (found,) = check_marks(replace(facts(), gateway=marked))

    assert (found.severity, found.code) == (Severity.BLOCKER, "AgicOwnsGateway")
    assert said in found.message


def test_objects_of_agic_say_which_hosts_they_serve() -> None:
    made = replace(gateway(), agic=AgicObjects(names=("pool-a", "fl-b")))

    (found,) = check_marks(replace(facts(), gateway=made))

    assert (found.severity, found.code) == (Severity.WARNING, "AgicObjects")
    assert "2 objects of AppGateway have AGIC's names and serve shop.example.com" in found.message


def test_objects_that_agic_did_not_make_are_in_danger_beside_it() -> None:
    mixed = replace(gateway(), agic=AgicObjects(names=("pool-a",), others=("ours",)))

    found = check_marks(replace(facts(), gateway=mixed))

    assert [f.code for f in found] == ["AgicObjects", "AgicMayDelete"]
    assert "AGIC did not make ours" in found[1].message


def test_a_gateway_that_is_not_known_is_left_out() -> None:
    assert check_marks(replace(facts(), gateway=UNREADABLE)) == ()


def test_what_flux_applies_comes_back_by_itself() -> None:
    (found,) = check_gitops(replace(facts(), gitops={"blue": ("shop",), "green": ()}))

    assert (found.severity, found.code, found.subject) == (Severity.WARNING, "GitOpsInUse", "blue")
    assert "Flux applies shop to blue" in found.message


def test_what_flux_applies_may_be_hidden() -> None:
    (found,) = check_gitops(replace(facts(), gitops={"green": UNREADABLE}))

    assert (found.code, found.subject) == ("InsideUnreadable", "green")
