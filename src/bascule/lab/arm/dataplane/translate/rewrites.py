"""Rewrite rule sets: headers set and removed, and another path, on condition or always.

Not carried out, though accepted: rules with conditions on the response or on what Envoy does not
know, another query string, and rerouting after a rewrite.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from bascule.lab.arm.dataplane.translate.gateway import Child, Json

CONDITIONAL_RULES_MAX = 4
"""Each doubles the routes; further ones of a set do nothing."""

_VARIABLES = {
    "var_add_x_forwarded_for_proxy": "%REQ(X-FORWARDED-FOR)%",
    "var_client_ip": "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%",
    "var_client_port": "%DOWNSTREAM_DIRECT_REMOTE_PORT%",
    "var_host": "%REQ(:AUTHORITY)%",
    "var_http_method": "%REQ(:METHOD)%",
    "var_request_method": "%REQ(:METHOD)%",
    "var_request_scheme": "%REQ(:SCHEME)%",
    "var_request_uri": "%REQ(:PATH)%",
    "var_server_port": "%DOWNSTREAM_LOCAL_PORT%",
    "var_uri_path": "%PATH(NQ)%",
}
_CONDITION_HEADERS = {
    "var_host": ":authority",
    "var_http_method": ":method",
    "var_query_string": ":path",
    "var_request_method": ":method",
    "var_request_scheme": ":scheme",
    "var_request_uri": ":path",
    "var_uri_path": ":path",
}
_VARIABLE = re.compile(r"\{([a-zA-Z0-9_-]+)\}")
_BEYOND_ENVOY = re.compile(r"\(\?[=!<>]|\\[1-9]")
"""Lookaround, atomic groups and back references."""
_CAPTURE = re.compile(r"\{var_uri_path_([0-9]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """What is done to a request that meets these conditions."""

    conditions: tuple[Json, ...] = ()
    """Envoy's conditions on headers."""
    changes: Json = field(default_factory=dict)
    """What a route has besides its target: headers to add and remove."""
    host: str = ""
    path: Json | None = None
    """Envoy's rewriting of the path."""


def plan_rewrites(rule_set: Child | None) -> tuple[Rewrite, ...]:
    """Return the ways in which requests are rewritten; the first whose conditions hold applies."""
    if rule_set is None:
        return (Rewrite(),)
    rules = sorted(rule_set.items("rewriteRules"), key=lambda rule: rule.get("ruleSequence") or 0)
    usable = [(rule, conditions) for rule in rules if (conditions := _conditions(rule)) is not None]
    choices: list[tuple[bool, ...]] = []
    conditional = 0
    for _, conditions in usable:
        conditional += bool(conditions)
        is_open = bool(conditions) and conditional <= CONDITIONAL_RULES_MAX
        choices.append((True, False) if is_open else (not conditions,))
    return tuple(
        _combine([each for each, is_taken in zip(usable, taken, strict=True) if is_taken])
        for taken in product(*choices)
    )


def _combine(rules: Iterable[tuple[Mapping[str, Any], tuple[Json, ...]]]) -> Rewrite:
    requests: dict[str, str] = {}
    responses: dict[str, str] = {}
    conditions: list[Json] = []
    path: Json | None = None
    for rule, of_rule in rules:
        conditions += of_rule
        actions = rule.get("actionSet") or {}
        requests |= _headers(actions.get("requestHeaderConfigurations"))
        responses |= _headers(actions.get("responseHeaderConfigurations"))
        path = _path(rule, actions.get("urlConfiguration") or {}) or path
    host = requests.pop("host", "")
    return Rewrite(
        conditions=tuple(conditions),
        changes={**_changes("request", requests), **_changes("response", responses)},
        host=host,
        path=path,
    )


def _headers(configurations: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    return {
        each["headerName"].lower(): each.get("headerValue") or "" for each in configurations or ()
    }


def _changes(side: str, headers: Mapping[str, str]) -> Json:
    """Return Envoy's words; a header without a value is removed, as Azure does."""
    added = [
        {
            "header": {"key": name, "value": _formatted(value, side)},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
        for name, value in headers.items()
        if value
    ]
    removed = [name for name, value in headers.items() if not value]
    changes: Json = {f"{side}_headers_to_add": added} if added else {}
    if removed:
        changes[f"{side}_headers_to_remove"] = removed
    return changes


def _formatted(value: str, side: str) -> str:
    """Return a value in which Envoy fills in the server variables."""
    variables = _VARIABLES
    if side == "response":
        # By then the host may have been overridden for the backend.
        variables = {**_VARIABLES, "var_host": "%REQ(X-ORIGINAL-HOST?:AUTHORITY)%"}
    escaped = value.replace("%", "%%")
    return _VARIABLE.sub(lambda found: _variable(found[1], variables), escaped)


def _variable(name: str, variables: Mapping[str, str]) -> str:
    if name.startswith("http_req_"):
        return f"%REQ({_header_name(name, 'http_req_')})%"
    if name.startswith("http_resp_"):
        return f"%RESP({_header_name(name, 'http_resp_')})%"
    return variables.get(name, "")


def _header_name(variable: str, prefix: str) -> str:
    return variable.removeprefix(prefix).upper()


def _conditions(rule: Mapping[str, Any]) -> tuple[Json, ...] | None:
    """Return Envoy's conditions, or None if one of them cannot be said to Envoy."""
    found = []
    for condition in rule.get("conditions") or ():
        variable = str(condition.get("variable", ""))
        header = _CONDITION_HEADERS.get(variable, "")
        if variable.startswith("http_req_"):
            header = variable.removeprefix("http_req_").lower()
        if not header or not _is_said_alike(str(condition.get("pattern", ""))):
            return None
        found.append(
            {
                "name": header,
                "string_match": {"safe_regex": {"regex": _search(condition)}},
                "invert_match": bool(condition.get("negate")),
                "treat_missing_header_as_empty": True,
            }
        )
    return tuple(found)


def _is_said_alike(pattern: str) -> bool:
    """Say whether a pattern is valid, and without what only Azure's engine knows, not Envoy's."""
    try:
        re.compile(pattern)
    except re.error:
        return False
    return not _BEYOND_ENVOY.search(pattern)


def _search(condition: Mapping[str, Any]) -> str:
    """Return a pattern for the whole header that holds where the condition's is found in it."""
    pattern = str(condition.get("pattern", ""))
    flags = "(?is)" if condition.get("ignoreCase") else "(?s)"
    variable = condition.get("variable")
    if variable == "var_query_string":
        return rf"{flags}[^?]*\?.*(?:{pattern.removeprefix('^')}).*"
    if variable == "var_uri_path" and pattern.endswith("$"):
        return rf"{flags}.*(?:{pattern[:-1]})(?:\?.*)?"
    return f"{flags}.*(?:{pattern}).*"


def _path(rule: Mapping[str, Any], change: Mapping[str, Any]) -> Json | None:
    modified = change.get("modifiedPath")
    if not modified:
        return None
    pattern = "^.*$"
    for condition in rule.get("conditions") or ():
        if condition.get("variable") == "var_uri_path" and not condition.get("negate"):
            flags = "(?i)" if condition.get("ignoreCase") else ""
            pattern = f"{flags}^.*?(?:{condition.get('pattern', '')}).*$"
    substitution = _CAPTURE.sub(r"\\\1", modified.replace("\\", "\\\\"))
    if not substitution.startswith("/"):
        substitution = f"/{substitution}"
    return {"pattern": {"regex": pattern}, "substitution": substitution}
