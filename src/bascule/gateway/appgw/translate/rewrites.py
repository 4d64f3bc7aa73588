"""The rules of an AzureApplicationGatewayRewrite become a rewrite rule set of the gateway."""

import json

from bascule.azure.document import Document, list_at, number_at, object_at, text_at, truth_at

SEQUENCE = 100
"""The ruleSequence of a rule that names none."""


def is_readable(resource: str) -> bool:
    """Return whether a resource's `spec`, as JSON, holds rules, each with something to do."""
    rules = list_at(_spec(resource), "rewriteRules")
    return bool(rules) and all(_actions(rule) for rule in rules)


def build_rewrite(resource: str) -> Document:
    """Return the properties of the rule set for a resource's `spec`, as JSON."""
    rules = list_at(_spec(resource), "rewriteRules")
    return {"rewriteRules": [_rule(rule, number) for number, rule in enumerate(rules, 1)]}


def _spec(resource: str) -> Document:
    try:
        found: object = json.loads(resource)
    except ValueError:
        return {}
    return object_at({"spec": found}, "spec")


def _rule(rule: Document, number: int) -> Document:
    return {
        "name": text_at(rule, "name") or f"rule-{number}",
        "ruleSequence": number_at(rule, "ruleSequence") or SEQUENCE,
        "conditions": [_condition(each) for each in list_at(rule, "conditions")],
        "actionSet": _actions(rule),
    }


def _condition(condition: Document) -> Document:
    return {
        "variable": text_at(condition, "variable"),
        "pattern": text_at(condition, "pattern"),
        "ignoreCase": bool(truth_at(condition, "ignoreCase")),
        "negate": bool(truth_at(condition, "negate")),
    }


def _actions(rule: Document) -> dict[str, object]:
    found: dict[str, object] = {}
    for side in ("requestHeaderConfigurations", "responseHeaderConfigurations"):
        headers = list_at(rule, "actions", side)
        if headers:
            found[side] = [_header(each) for each in headers]
    url = object_at(rule, "actions", "urlConfiguration")
    if url:
        texts = ("modifiedPath", "modifiedQueryString")
        found["urlConfiguration"] = {
            **{name: text_at(url, name) for name in texts if text_at(url, name)},
            "reroute": bool(truth_at(url, "reroute")),
        }
    return found


def _header(header: Document) -> Document:
    """Return one header; an empty value takes it away, whatever the resource calls the action."""
    name, value = text_at(header, "headerName"), text_at(header, "headerValue")
    is_deleted = text_at(header, "actionType").lower() == "delete"
    return {"headerName": name, "headerValue": "" if is_deleted else value}
