import pytest

from bascule.manifest.objects import RewriteRules
from tests.support.manifests import rewrite, view


def test_rules_are_json_with_sorted_keys() -> None:
    one = view(rewrite(spec="rewriteRules: [{ruleSequence: 1, name: é}]"), RewriteRules)
    two = view(rewrite(spec="rewriteRules: [{name: é, ruleSequence: 1}]"), RewriteRules)

    assert one.spec == '{"rewriteRules":[{"name":"é","ruleSequence":1}]}'
    assert one == two
    assert one.faults == ()
    assert (one.ref.namespace, one.ref.name) == ("shop", "headers")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("rewriteRules: 7", "rewriteRules should be a list and is a number"),
        ("rewriteRules: [one]", "rewriteRules[0] should be a map and is text"),
        ("rewriteRules: []", "there are no rewriteRules"),
        ("", "there are no rewriteRules"),
    ],
)
def test_what_holds_no_rules_says_so_and_is_unusable(spec: str, message: str) -> None:
    found = view(rewrite(spec=spec), RewriteRules)

    assert found.spec is None
    assert [fault.code for fault in found.faults] == ["RewriteInvalid"]
    assert message in found.faults[0].message
