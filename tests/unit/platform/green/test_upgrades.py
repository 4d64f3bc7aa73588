from bascule.azure.document import object_at, text_at
from bascule.platform.desired.cluster import PAUSED
from bascule.platform.green.upgrades import find_noted, note_upgrades, resume_upgrades
from tests.support.blue_cluster import build_blue_document

NOTE = "nodeOSUpgradeChannel=NodeImage,upgradeChannel=stable"
ON = {"nodeOSUpgradeChannel": "NodeImage", "upgradeChannel": "stable"}
GREEN = build_blue_document(
    tags={"team": "shop", "bascule-after-retire": NOTE}, properties__autoUpgradeProfile=PAUSED
)


def test_what_is_on_is_noted_and_what_is_off_is_not() -> None:
    assert note_upgrades(ON) == NOTE
    assert note_upgrades(PAUSED) == note_upgrades({}) == ""


def test_what_is_noted_is_found_on_a_cluster_whose_upgrades_are_off() -> None:
    assert find_noted(GREEN) == ON
    assert find_noted(build_blue_document(), NOTE) == ON


def test_nothing_is_found_where_somebody_has_switched_something_on() -> None:
    assert find_noted(build_blue_document(properties__autoUpgradeProfile=ON), NOTE) == {}


def test_what_was_noted_is_on_again_and_the_note_is_gone() -> None:
    resumed = resume_upgrades(GREEN)

    assert resumed is not None
    assert object_at(resumed, "properties", "autoUpgradeProfile") == ON
    assert resumed["tags"] == {"team": "shop"}
    assert text_at(resumed, "properties", "somethingNew", "mode") == "on"


def test_a_cluster_without_a_note_is_left() -> None:
    assert resume_upgrades(build_blue_document()) is None
