"""Parses the custom resource with rewrite rules; what its rules mean is the gateway's affair."""

import json
from collections.abc import Mapping

from bascule.manifest.fields import MalformedFieldError, read_map, read_maps
from bascule.manifest.objects import Fault, Metadata, RewriteRules


def parse_rewrite(raw: Mapping[str, object], meta: Metadata) -> RewriteRules:
    """Return the view of the resource, its rules as JSON with sorted keys."""
    bare = Metadata(namespace=meta.namespace, name=meta.name)
    try:
        spec = read_map(raw, "spec")
        rules = list(read_maps(spec, "rewriteRules"))
    except MalformedFieldError as error:
        return RewriteRules(meta=bare, faults=(Fault("RewriteInvalid", f"spec: {error}"),))
    if not rules:
        fault = Fault("RewriteInvalid", "spec: there are no rewriteRules")
        return RewriteRules(meta=bare, faults=(fault,))
    text = json.dumps(spec, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return RewriteRules(meta=bare, spec=text)
