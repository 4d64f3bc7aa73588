from bascule.lab.controllers.network.selecting import SelectionIndex


def test_both_sides_find_each_other() -> None:
    index = SelectionIndex()
    index.note_service("shop", "web", {"app": "web", "tier": "front"})
    index.note_pod("shop", "web-1", {"app": "web", "tier": "front", "x": "y"})
    index.note_pod("shop", "web-2", {"app": "web"})
    index.note_pod("other", "web-1", {"app": "web", "tier": "front"})

    assert index.pods_of("shop", "web") == ["web-1"]
    assert list(index.services_of("shop", {"app": "web", "tier": "front"})) == ["web"]
    assert list(index.services_of("shop", {"app": "web"})) == []


def test_what_changes_or_goes_is_forgotten() -> None:
    index = SelectionIndex()
    index.note_service("shop", "web", {"app": "web"})
    index.note_pod("shop", "web-1", {"app": "web"})

    index.note_pod("shop", "web-1", None)
    assert index.pods_of("shop", "web") == []

    index.note_service("shop", "web", None)
    assert list(index.services_of("shop", {"app": "web"})) == []
    assert index.pods_of("shop", "web") == []
