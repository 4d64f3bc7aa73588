"""A template with its parameters: which resources it wants, in which order, and its outputs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bascule.lab.arm.deployments.expressions import (
    DEPTH_MAX,
    Function,
    evaluate,
    invalid_template,
)
from bascule.lab.arm.resources import Document

RESOURCES_MAX = 800
_NOT_SENT = frozenset(
    {"apiversion", "type", "name", "dependson", "condition", "resources", "comments", "scope"}
)
_SECURE = frozenset({"securestring", "secureobject"})


class ReferenceNeededError(Exception):
    """An expression asks for the state of a resource that nobody has fetched yet."""

    def __init__(self, resource_id: str, api_version: str) -> None:
        super().__init__(resource_id)
        self.resource_id = resource_id
        self.api_version = api_version


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateResource:
    """One resource of a template, before the expressions in its body are evaluated."""

    id: str
    kind: str
    name: str
    api_version: str
    body: Document
    depends_on: tuple[str, ...]
    """Ids in lower case, of resources of this template only."""


class Template:
    """A template, ready to be evaluated. Raises ArmRefusal (InvalidTemplate) when it is not one.

    `group` and `subscription` are the documents of where it is deployed to.
    """

    def __init__(
        self,
        template: Any,
        given: Any,
        *,
        group: Document,
        subscription: Document,
        deployment: str,
    ) -> None:
        if not isinstance(template, Mapping) or not isinstance(template.get("resources"), list):
            raise invalid_template("The template has no list of resources")
        self._template = template
        self._group = group
        self._subscription = subscription
        self._deployment = deployment
        self.parameters = self._read_parameters(given if isinstance(given, Mapping) else {})
        self.resources = self._read_resources()
        self._check_order()

    def body_of(self, resource: TemplateResource, fetched: Mapping[str, Document]) -> Document:
        """Return the body of a resource's PUT. Raises ReferenceNeededError."""
        body: Document = evaluate(resource.body, self._functions(fetched))
        return body

    def outputs(self, fetched: Mapping[str, Document]) -> Document:
        """Return the outputs. Raises ReferenceNeededError."""
        functions = self._functions(fetched)
        return {
            name: {"type": _output_type(output), "value": evaluate(output["value"], functions)}
            for name, output in (self._template.get("outputs") or {}).items()
        }

    def shown_parameters(self) -> Document:
        """Return the parameters as a deployment shows them: what is secret by its type only."""
        declared = self._template.get("parameters") or {}
        shown: Document = {}
        for name, value in self.parameters.items():
            kind = str(declared[name].get("type", "string"))
            shown[name] = {"type": kind[0].upper() + kind[1:]}
            if kind.lower() not in _SECURE:
                shown[name]["value"] = value
        return shown

    def shown_providers(self) -> list[Document]:
        """Return the providers of the resources, as a deployment shows them."""
        kinds: dict[str, set[str]] = {}
        for each in self.resources:
            namespace, _, kind = each.kind.partition("/")
            kinds.setdefault(namespace, set()).add(kind)
        locations = [self._group.get("location", "")]
        return [
            {
                "namespace": namespace,
                "resourceTypes": [
                    {"resourceType": kind, "locations": locations} for kind in sorted(names)
                ],
            }
            for namespace, names in sorted(kinds.items())
        ]

    def _read_parameters(self, given: Mapping[str, Any]) -> Document:
        declared = self._template.get("parameters") or {}
        known = {str(name).lower() for name in declared}
        for name in given:
            if name.lower() not in known:
                raise invalid_template(
                    "The template parameters '" + name + "' in the parameters file are not valid; "
                    "they are not present in the original template"
                )
        values = {name.lower(): each for name, each in given.items()}
        found: Document = {}
        for name, declaration in declared.items():
            if name.lower() in values:
                found[name] = values[name.lower()].get("value")
            elif "defaultValue" in declaration:
                found[name] = evaluate(declaration["defaultValue"], self._functions({}, found))
            else:
                raise invalid_template(f"The value for the template parameter '{name}' is missing")
        return found

    def _read_resources(self) -> tuple[TemplateResource, ...]:
        functions = self._functions({})
        flat = list(self._flatten(self._template["resources"], "", ""))
        if len(flat) > RESOURCES_MAX:
            raise invalid_template(f"The template has more than {RESOURCES_MAX} resources")
        kept = [
            (kind, name, raw)
            for kind, name, raw in flat
            if evaluate(raw.get("condition", True), functions)
        ]
        ids = {
            self._id_of(kind, name, raw, functions).lower(): (kind, name)
            for kind, name, raw in kept
        }
        found = []
        for kind, name, raw in kept:
            if "copy" in raw:
                raise invalid_template(f"The lab does not know 'copy', which {kind} {name} uses")
            resource = TemplateResource(
                id=self._id_of(kind, name, raw, functions),
                kind=kind,
                name=name,
                api_version=str(evaluate(raw.get("apiVersion", ""), functions)),
                body={key: value for key, value in raw.items() if key.lower() not in _NOT_SENT},
                depends_on=self._dependencies(raw, ids, functions),
            )
            found.append(resource)
        return tuple(found)

    def _flatten(
        self, raws: Sequence[Any], kind_before: str, name_before: str, depth: int = 0
    ) -> list[tuple[str, str, Mapping[str, Any]]]:
        if depth > DEPTH_MAX:
            raise invalid_template("Resources are nested too deeply")
        functions = self._functions({})
        found: list[tuple[str, str, Mapping[str, Any]]] = []
        for raw in raws:
            if not isinstance(raw, Mapping) or not {"type", "name"} <= raw.keys():
                raise invalid_template("A resource has no type or no name")
            kind = str(evaluate(raw["type"], functions))
            name = str(evaluate(raw["name"], functions))
            if kind_before:
                kind, name = f"{kind_before}/{kind}", f"{name_before}/{name}"
            found.append((kind, name, raw))
            found += self._flatten(raw.get("resources") or (), kind, name, depth + 1)
        return found

    def _id_of(
        self, kind: str, name: str, raw: Mapping[str, Any], functions: Mapping[str, Function]
    ) -> str:
        scope = str(evaluate(raw["scope"], functions)) if "scope" in raw else ""
        if scope and not scope.startswith("/"):
            kinds, _, names = scope.rpartition("/")
            scope = self._resource_id([kinds, names])
        return _join(scope or self._group["id"], kind, name.split("/"))

    def _dependencies(
        self,
        raw: Mapping[str, Any],
        ids: Mapping[str, tuple[str, str]],
        functions: Mapping[str, Function],
    ) -> tuple[str, ...]:
        found = []
        for wanted in evaluate(raw.get("dependsOn") or [], functions):
            text = str(wanted).strip("/").lower()
            matching = [
                resource_id
                for resource_id, (kind, name) in ids.items()
                if text in {resource_id.strip("/"), f"{kind}/{name}".lower(), name.lower()}
            ]
            if not matching:
                raise invalid_template(f"The resource '{wanted}' is not defined in the template")
            found += matching
        return tuple(found)

    def _check_order(self) -> None:
        done: set[str] = set()
        left = list(self.resources)
        while left:
            ready = [each for each in left if set(each.depends_on) <= done]
            if not ready:
                raise invalid_template("Circular dependency detected between resources")
            done |= {each.id.lower() for each in ready}
            left = [each for each in left if each.id.lower() not in done]

    def _functions(
        self, fetched: Mapping[str, Document], parameters: Document | None = None
    ) -> Mapping[str, Function]:
        def named(what: str, values: Mapping[str, Any], name: object) -> Any:
            for key, value in values.items():
                if key.lower() == str(name).lower():
                    return value
            raise invalid_template(f"The template {what} '{name}' is not found")

        values = parameters if parameters is not None else self.parameters
        variables = self._template.get("variables") or {}
        functions: dict[str, Function] = {
            "parameters": lambda arguments: named("parameter", values, arguments[0]),
            "variables": lambda arguments: evaluate(
                named("variable", variables, arguments[0]), functions
            ),
            "resourceid": self._resource_id,
            "subscriptionresourceid": lambda arguments: _join(
                self._subscription["id"], str(arguments[0]), [str(each) for each in arguments[1:]]
            ),
            "resourcegroup": lambda _arguments: self._group,
            "subscription": lambda _arguments: self._subscription,
            "deployment": lambda _arguments: {"name": self._deployment},
            "reference": self._reference(fetched),
        }
        return functions

    def _reference(self, fetched: Mapping[str, Document]) -> Callable[[Sequence[Any]], Any]:
        def reference(arguments: Sequence[Any]) -> Any:
            wanted = str(arguments[0])
            api_version = str(arguments[1]) if len(arguments) > 1 else ""
            for resource in self.resources:
                if wanted.lower() in {resource.id.lower(), resource.name.lower()}:
                    wanted = resource.id
                    api_version = api_version or resource.api_version
            document = fetched.get(wanted.lower())
            if document is None:
                raise ReferenceNeededError(wanted, api_version)
            is_full = len(arguments) > 2 and str(arguments[2]).lower() == "full"
            return document if is_full else document.get("properties", {})

        return reference

    def _resource_id(self, arguments: Sequence[Any]) -> str:
        texts = [str(each) for each in arguments]
        place = next(number for number, text in enumerate(texts) if "/" in text)
        scope = str(self._group["id"])
        if place == 1:
            scope = f"{self._subscription['id']}/resourceGroups/{texts[0]}"
        elif place > 1:
            scope = f"/subscriptions/{texts[0]}/resourceGroups/{texts[1]}"
        return _join(scope, texts[place], texts[place + 1 :])


def _join(scope: str, kind: str, names: Sequence[str]) -> str:
    namespace, *kinds = kind.split("/")
    if len(kinds) != len(names):
        raise invalid_template(
            f"The type '{kind}' wants {len(kinds)} names, and {len(names)} are given"
        )
    parts = [part for pair in zip(kinds, names, strict=True) for part in pair]
    return "/".join((scope, "providers", namespace, *parts))


def _output_type(output: Mapping[str, Any]) -> str:
    kind = str(output.get("type", "String"))
    return kind[0].upper() + kind[1:]
