"""Evictions: a pod is deleted only if the disruption budgets that select it allow it."""

from aiohttp import web

from bascule.lab.kubeapi.disruptions import spend_disruption
from bascule.lab.kubeapi.http import answers, formats
from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.http.features import Feature
from bascule.lab.kubeapi.http.writing import is_dry_run, parse_delete_options


async def evict(call: Call) -> web.StreamResponse:
    """Answer a POST to `pods/NAME/eviction`; 429 while a budget has no disruption left."""
    content_type = call.request.headers.get("Content-Type", "")
    eviction = formats.decode_object(await call.request.read(), content_type)
    target = call.target
    pod = call.store.get("pods", target.name, target.namespace)
    dry_run = is_dry_run(call)
    if call.api.has(Feature.EVICTION_BUDGETS):
        spend_disruption(call.store, pod, dry_run=dry_run)
    options = parse_delete_options(call, eviction.get("deleteOptions") or {})
    call.store.delete("pods", target.name, target.namespace, options)
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }
    return answers.answer(body, code=201, warnings=call.warnings)
