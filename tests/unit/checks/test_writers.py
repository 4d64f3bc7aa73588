from dataclasses import replace

from bascule.checks.azure.facts import ControllerFacts, ControllerKind, InsideFacts
from bascule.checks.azure.unreadable import Unreadable
from bascule.checks.findings import Finding, Severity
from bascule.checks.writers import check_writers, only_writers
from bascule.ids import Cluster
from tests.support.inventories import inventory

AGIC = ControllerFacts(kind=ControllerKind.DEPLOYMENT, namespace="kube-system", name="agic")


def test_a_controller_that_works_in_either_cluster_is_a_blocker() -> None:
    seen = replace(
        inventory(), inside={cluster: InsideFacts(controllers=(AGIC,)) for cluster in Cluster}
    )

    blue, green = check_writers(seen)

    assert (blue.severity, blue.code, blue.subject) == (Severity.BLOCKER, "AgicInside", "blue")
    assert "AGIC is in blue (old) as the Deployment kube-system/agic" in blue.message
    assert (green.subject, "green (new)" in green.message) == ("green", True)


def test_one_that_sleeps_is_told_and_stops_nothing() -> None:
    asleep = InsideFacts(controllers=(replace(AGIC, is_idle=True),))

    (found,) = check_writers(replace(inventory(), inside={Cluster.BLUE: asleep}))

    assert (found.severity, found.code) == (Severity.INFO, "AgicIdle")


def test_what_could_not_be_seen_is_told() -> None:
    unseen = Unreadable(what="the Deployments", reason="forbidden")

    (found,) = check_writers(replace(inventory(), inside={Cluster.BLUE: unseen}))

    assert (found.severity, found.code) == (Severity.WARNING, "InsideUnreadable")


def test_where_no_controller_matters_and_of_a_cluster_to_come_nothing_is_said() -> None:
    now = inventory()
    awaited = {**now.clusters, Cluster.GREEN: replace(now.clusters[Cluster.GREEN], is_awaited=True)}
    seen = replace(now, clusters=awaited, inside={Cluster.GREEN: InsideFacts(controllers=(AGIC,))})

    assert check_writers(now) == ()
    assert check_writers(seen) == ()


def test_only_blockers_that_name_a_writer_are_writers() -> None:
    agic = Finding(severity=Severity.BLOCKER, code="AgicInside", subject="blue", message="is back")
    unseen = replace(agic, severity=Severity.WARNING)
    other = replace(agic, code="CertificateMissing")

    assert only_writers((unseen, agic, other)) == (agic,)
