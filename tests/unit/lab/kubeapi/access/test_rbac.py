from typing import Any

import pytest

from bascule.lab.kubeapi import bootstrap
from bascule.lab.kubeapi.access.rbac import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    ROLE_BINDINGS,
    ROLES,
    Attributes,
    Rbac,
)
from bascule.lab.kubeapi.access.users import User
from bascule.lab.kubeapi.refusals import ForbiddenError
from bascule.lab.kubeapi.store import Store
from tests.support.lab_store import new_store

JANE = User(name="jane", groups=("devs",))
ROBOT = User(name="system:serviceaccount:shop:robot")


def grant(store: Store, rule: dict[str, Any], subject: dict[str, str], **role: Any) -> None:
    metadata = {"name": "r", "namespace": "shop"}
    store.create(ROLES, {"metadata": metadata, "rules": [rule], **role})
    reference = {"kind": "Role", "name": "r"}
    store.create(ROLE_BINDINGS, {"metadata": metadata, "roleRef": reference, "subjects": [subject]})


def read_pods(**more: Any) -> Attributes:
    wanted = {"verb": "get", "plural": "pods", "namespace": "shop", "name": "p", **more}
    return Attributes(**wanted)


PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}


@pytest.mark.parametrize(
    ("subject", "user"),
    [
        ({"kind": "User", "name": "jane"}, JANE),
        ({"kind": "Group", "name": "devs"}, JANE),
        ({"kind": "ServiceAccount", "name": "robot"}, ROBOT),
    ],
    ids=["user", "group", "account"],
)
def test_a_binding_grants_its_role_to_its_subjects(subject: dict[str, str], user: User) -> None:
    store = new_store()
    rbac = Rbac(store)

    before = rbac.decide(user, read_pods())
    grant(store, PODS, subject)
    after = rbac.decide(user, read_pods())

    assert before is None
    assert after is not None
    assert 'RoleBinding "shop/r" of Role "r"' in after


@pytest.mark.parametrize(
    ("rule", "wanted", "allowed"),
    [
        (PODS, read_pods(verb="delete"), False),
        (PODS, read_pods(namespace="blog"), False),
        (PODS, read_pods(group="apps"), False),
        (PODS, read_pods(subresource="log"), False),
        ({**PODS, "resources": ["pods/log"]}, read_pods(subresource="log"), True),
        ({**PODS, "resources": ["*/log"]}, read_pods(subresource="log"), True),
        ({**PODS, "resourceNames": ["p"]}, read_pods(), True),
        ({**PODS, "resourceNames": ["q"]}, read_pods(), False),
        ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, read_pods(), True),
    ],
)
def test_rules_cover_what_they_name(
    rule: dict[str, Any],
    wanted: Attributes,
    allowed: bool,  # noqa: FBT001 - a table
) -> None:
    store = new_store()
    grant(store, rule, {"kind": "User", "name": "jane"})

    assert (Rbac(store).decide(JANE, wanted) is not None) == allowed


def test_masters_may_do_everything_and_need_no_reason() -> None:
    admin = User(name="admin", groups=("system:masters",))

    assert Rbac(new_store()).decide(admin, read_pods()) == ""


def test_an_aggregated_role_has_the_rules_of_the_selected_ones() -> None:
    store = new_store()
    store.create(
        CLUSTER_ROLES, {"metadata": {"name": "part", "labels": {"add": "yes"}}, "rules": [PODS]}
    )
    selectors = [{"matchLabels": {"add": "yes"}}]
    rule = {"clusterRoleSelectors": selectors}
    store.create(CLUSTER_ROLES, {"metadata": {"name": "whole"}, "aggregationRule": rule})
    subject = {"kind": "User", "name": "jane"}
    reference = {"kind": "ClusterRole", "name": "whole"}
    binding = {"metadata": {"name": "b"}, "roleRef": reference, "subjects": [subject]}
    store.create(CLUSTER_ROLE_BINDINGS, binding)

    assert Rbac(store).decide(JANE, read_pods()) is not None


def test_a_binding_to_a_role_that_is_missing_grants_nothing() -> None:
    store = new_store()
    grant(store, PODS, {"kind": "User", "name": "jane"})
    store.delete(ROLES, "r", "shop")

    assert Rbac(store).decide(JANE, read_pods()) is None


def test_a_new_cluster_lets_everybody_discover_and_strangers_see_the_version() -> None:
    store = new_store()
    bootstrap.fill(store)
    bootstrap.fill(store)
    rbac = Rbac(store)
    known = User(name="jane", groups=("system:authenticated",))
    stranger = User(name="system:anonymous", groups=("system:unauthenticated",))

    def may_get(user: User, path: str) -> bool:
        return rbac.decide(user, Attributes(verb="get", path=path)) is not None

    assert may_get(known, "/apis/apps/v1")
    assert may_get(stranger, "/version")
    assert not may_get(stranger, "/apis/apps/v1")
    assert not may_get(known, "/metrics")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            read_pods(name=""),
            (
                'pods is forbidden: User "jane" cannot get resource "pods" in API group "" in the '
                'namespace "shop"'
            ),
        ),
        (
            Attributes(verb="list", group="apps", plural="deployments"),
            (
                'deployments.apps is forbidden: User "jane" cannot list resource "deployments" '
                'in API group "apps" at the cluster scope'
            ),
        ),
        (
            Attributes(verb="get", path="/metrics"),
            'forbidden: User "jane" cannot get path "/metrics"',
        ),
    ],
    ids=["namespace", "cluster", "path"],
)
def test_a_refusal_says_who_may_not_do_what(wanted: Attributes, message: str) -> None:
    with pytest.raises(ForbiddenError) as caught:
        Rbac(new_store()).check(JANE, wanted)

    assert caught.value.message == message
