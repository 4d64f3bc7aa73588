from bascule.manifest.objects import Metadata, RewriteRules
from bascule.routing.cluster.rewrites import ASKED, NAME, RULES, add_rewrite, asked_rewrite

META = Metadata(namespace="shop", name="headers")
SOUND = RewriteRules(meta=META, spec="{}")


def _find(namespace: str, name: str) -> RewriteRules | None:
    known = {("shop", "headers"): SOUND, ("shop", "broken"): RewriteRules(meta=META)}
    return known.get((namespace, name))


def test_the_rules_that_an_ingress_asks_for_come_with_their_name() -> None:
    asked = {"a": "b", ASKED: "headers"}

    found = add_rewrite(asked, "shop", _find)

    assert found == {**asked, NAME: "shop/headers", RULES: "{}"}
    assert list(found) == sorted(found)


def test_rules_that_are_missing_or_broken_leave_their_name_only() -> None:
    for name in ("absent", "broken"):
        asked = {ASKED: name}

        assert add_rewrite(asked, "shop", _find) == {**asked, NAME: f"shop/{name}"}


def test_nobody_sets_the_rules_by_annotation() -> None:
    assert add_rewrite({RULES: "forged", NAME: "forged", "a": "b"}, "shop", _find) == {"a": "b"}


def test_annotations_that_ask_for_nothing_are_passed_on_as_they_are() -> None:
    plain = {"a": "b"}

    assert add_rewrite(plain, "shop", _find) is plain
    assert asked_rewrite({ASKED: ""}) is None
