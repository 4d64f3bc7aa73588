"""Rewrite rule sets: which changes for which requests, in which order."""

from typing import Any

import pytest

from bascule.lab.arm.dataplane.translate.gateway import Child
from bascule.lab.arm.dataplane.translate.rewrites import (
    CONDITIONAL_RULES_MAX,
    Rewrite,
    plan_rewrites,
)


def _rules(*rules: dict[str, Any]) -> Child:
    return Child(name="set", properties={"rewriteRules": list(rules)})


def _rule(sequence: int, variable: str = "", pattern: str = "x", **actions: Any) -> dict[str, Any]:
    conditions = [{"variable": variable, "pattern": pattern}] if variable else []
    return {"ruleSequence": sequence, "conditions": conditions, "actionSet": actions}


def _sets(name: str, value: str) -> list[dict[str, str]]:
    return [{"headerName": name, "headerValue": value}]


def test_without_a_set_nothing_is_rewritten() -> None:
    assert plan_rewrites(None) == (Rewrite(),)
    assert plan_rewrites(_rules()) == (Rewrite(),)


def test_a_later_rule_overrides_an_earlier_one() -> None:
    (rewrite,) = plan_rewrites(
        _rules(
            _rule(200, requestHeaderConfigurations=_sets("X-A", "late")),
            _rule(100, requestHeaderConfigurations=_sets("x-a", "early")),
        )
    )

    (header,) = rewrite.changes["request_headers_to_add"]
    assert header["header"] == {"key": "x-a", "value": "late"}


def test_each_rule_with_a_condition_doubles_the_ways_up_to_a_limit() -> None:
    rules = [_rule(n, "var_host") for n in range(CONDITIONAL_RULES_MAX + 2)]

    ways = plan_rewrites(_rules(*rules))

    assert len(ways) == 2**CONDITIONAL_RULES_MAX
    assert len(ways[0].conditions) == CONDITIONAL_RULES_MAX
    assert ways[-1].conditions == ()


@pytest.mark.parametrize(
    ("variable", "pattern", "regex"),
    [
        ("var_host", "^a", "(?s).*(?:^a).*"),
        ("var_query_string", "^id=", r"(?s)[^?]*\?.*(?:id=).*"),
        ("var_uri_path", "/b$", r"(?s).*(?:/b)(?:\?.*)?"),
        ("http_req_X-Beta", "yes", "(?s).*(?:yes).*"),
    ],
)
def test_a_condition_is_searched_for_in_its_variable(
    variable: str, pattern: str, regex: str
) -> None:
    first, _ = plan_rewrites(_rules(_rule(1, variable, pattern)))

    assert first.conditions[0]["string_match"]["safe_regex"]["regex"] == regex


def test_a_rule_with_a_condition_on_the_response_does_nothing() -> None:
    rule = _rule(1, "http_resp_Location", responseHeaderConfigurations=_sets("Location", "/"))

    assert plan_rewrites(_rules(rule)) == (Rewrite(),)


@pytest.mark.parametrize("pattern", ["(", "^(?!/api)", r"(a)\1", "(?<=x)y"])
def test_a_rule_whose_pattern_envoy_would_refuse_does_nothing(pattern: str) -> None:
    rule = _rule(1, "var_host", pattern, urlConfiguration={"modifiedPath": "/"})

    assert plan_rewrites(_rules(rule)) == (Rewrite(),)


def test_server_variables_are_filled_in_by_envoy_and_unknown_ones_are_empty() -> None:
    value = "{var_host} {http_resp_ETag} {var_ssl_cipher} 5%"

    (rewrite,) = plan_rewrites(_rules(_rule(1, responseHeaderConfigurations=_sets("X-All", value))))

    (header,) = rewrite.changes["response_headers_to_add"]
    assert header["header"]["value"] == "%REQ(X-ORIGINAL-HOST?:AUTHORITY)% %RESP(ETAG)%  5%%"


def test_a_path_without_a_condition_replaces_the_whole_path() -> None:
    (rewrite,) = plan_rewrites(_rules(_rule(1, urlConfiguration={"modifiedPath": "new"})))

    assert rewrite.path == {"pattern": {"regex": "^.*$"}, "substitution": "/new"}
