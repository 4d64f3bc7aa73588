import io
from pathlib import Path

import pytest

from bascule.cli.manifests import load_snapshots, parse_manifests
from bascule.errors import SpecError, UsageError
from bascule.ids import Cluster
from bascule.manifest.objects import Kind
from tests.support.manifests import ingress, service

OTHER = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n"


def test_a_directory_without_cluster_folders_is_blue(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.yml").write_text(ingress())
    (tmp_path / "b.yaml").write_text(service() + "---\n" + OTHER)
    (tmp_path / "notes.txt").write_text("not: [yaml")

    snapshots = load_snapshots([str(tmp_path)])

    assert list(snapshots) == [Cluster.BLUE]
    assert [item.ref.kind for item in snapshots[Cluster.BLUE]] == [Kind.SERVICE, Kind.INGRESS]
    assert snapshots[Cluster.BLUE].is_complete


def test_folders_called_blue_and_green_are_the_clusters(tmp_path: Path) -> None:
    for name in ("blue", "green"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "web.yaml").write_text(service(name))

    snapshots = load_snapshots([str(tmp_path)])

    assert snapshots[Cluster.BLUE].service("shop", "blue") is not None
    assert snapshots[Cluster.GREEN].service("shop", "green") is not None


def test_a_cluster_may_be_named_and_files_of_one_cluster_add_up(tmp_path: Path) -> None:
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(service("one"))
    two.write_text(service("two"))

    snapshots = load_snapshots([f"green={one}", f"green={two}"])

    assert list(snapshots) == [Cluster.GREEN]
    assert len(snapshots[Cluster.GREEN]) == 2


def test_manifests_may_come_on_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(service()))

    assert len(load_snapshots(["-"])[Cluster.BLUE]) == 1


def test_lists_are_unfolded() -> None:
    items = "".join(f"- {{apiVersion: v1, kind: Service, metadata: {{name: {n}}}}}\n" for n in "ab")

    found = list(parse_manifests(f"apiVersion: v1\nkind: List\nitems:\n{items}", "list.yaml"))

    assert [item.meta.name for item in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        ("- a\n", 1, "", "a document should be a Kubernetes object, a map"),
        ("\nkind: Service\n", 2, "apiVersion", "a Kubernetes object needs apiVersion"),
        ("apiVersion: v1\nkind: 5\n", 2, "kind", "a Kubernetes object needs kind"),
        (
            "apiVersion: v1\nkind: Service\nmetadata:\n  labels: {}\n",
            3,
            "metadata.name",
            "a Kubernetes object needs a name",
        ),
        (
            "apiVersion: v1\nkind: ServiceList\nitems:\n- 5\n",
            4,
            "items[0]",
            "should be a Kubernetes object, a map",
        ),
        (
            "apiVersion: v1\nkind: List\nitems:\n- kind: Service\n",
            4,
            "items[0].apiVersion",
            "a Kubernetes object needs apiVersion",
        ),
    ],
    ids=["list", "version", "kind", "name", "item", "inner"],
)
def test_what_is_no_object_is_named_with_its_line(
    text: str, line: int, field: str, message: str
) -> None:
    with pytest.raises(SpecError) as caught:
        list(parse_manifests(text, "x.yaml"))

    error = caught.value
    assert (error.file, error.line, error.field, error.message) == ("x.yaml", line, field, message)


def test_a_path_that_is_not_there_is_said() -> None:
    with pytest.raises(UsageError, match="no file or directory /nowhere"):
        load_snapshots(["blue=/nowhere"])


def test_a_directory_without_manifests_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="holds no file with a name in"):
        load_snapshots([str(tmp_path)])
