from typing import Any

import pytest

from bascule.lab.kubeapi.objects.json_path import find_by_path

OBJECT = {
    "spec": {"ports": [{"port": 80}, {"port": 443}], "on": True},
    "metadata": {"annotations": {"a.b/c": "x"}},
    "status": {
        "conditions": [
            {"type": "Ready", "status": "True", "n": 1},
            {"type": "Synced", "status": "False", "n": 2},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        (".spec.on", [True]),
        ("{.spec.on}", [True]),
        (".spec.ports[0].port", [80]),
        (".spec.ports[-1].port", [443]),
        (".spec.ports[9].port", []),
        (".spec.ports[*].port", [80, 443]),
        (".spec.on[0]", []),
        (".metadata.annotations.a\\.b/c", ["x"]),
        (".metadata.annotations['a.b/c']", ["x"]),
        (".metadata.annotations[*]", ["x"]),
        (".metadata.annotations.*", ["x"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.n==2)].type", ["Synced"]),
        ('.spec[?(@.type=="Ready")].status', []),
        (".nothing.at.all", []),
        ("no dot", []),
        (".spec.ports[", []),
    ],
)
def test_paths_lead_to_values(path: str, found: list[Any]) -> None:
    assert find_by_path(OBJECT, path) == found


def test_booleans_are_compared_as_json_writes_them() -> None:
    items = {"items": [{"on": True, "name": "a"}, {"on": False, "name": "b"}]}

    assert find_by_path(items, ".items[?(@.on==true)].name") == ["a"]
