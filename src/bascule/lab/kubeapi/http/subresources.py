"""The small subresources: binding, token, finalize, approval."""

import base64
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi import refusals
from bascule.lab.kubeapi.access.certificates import Certificates
from bascule.lab.kubeapi.access.tokens import ISSUER, Account, TokenIssuer
from bascule.lab.kubeapi.http import answers, formats
from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.objects.statuses import Cause, Subject, invalid
from bascule.lab.kubeapi.store import Object, timestamp

TOKEN_LIFETIME_DEFAULT_S: Final = 3_600
TOKEN_LIFETIME_MIN_S: Final = 600
CLIENT_SIGNERS: Final = frozenset(
    ("kubernetes.io/kube-apiserver-client", "kubernetes.io/kube-apiserver-client-kubelet")
)


async def bind(call: Call) -> web.StreamResponse:
    """Answer a POST to `pods/NAME/binding` or to `bindings`: the pod gets its node."""
    binding = await _body(call)
    name = call.target.name or binding["metadata"]["name"]
    pod = copy_json(call.store.get("pods", name, call.target.namespace))
    node = (binding.get("target") or {}).get("name", "")
    kind = call.store.kind("pods")
    if pod["spec"].get("nodeName"):
        cause = f'pod {name} is already assigned to node "{pod["spec"]["nodeName"]}"'
        raise refusals.conflict(kind, name, cause)
    pod["spec"]["nodeName"] = node
    call.store.update("pods", pod)
    now = timestamp(call.store.clock.now())
    conditions = (pod.get("status") or {}).get("conditions") or []
    scheduled = {
        "type": "PodScheduled",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": now,
    }
    others = [item for item in conditions if item["type"] != "PodScheduled"]
    call.store.patch_status(
        "pods", name, call.target.namespace, {"conditions": [*others, scheduled]}
    )
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "code": 201,
    }
    return answers.answer(body, code=201)


async def request_token(call: Call, issuer: TokenIssuer) -> web.StreamResponse:
    """Answer a POST to `serviceaccounts/NAME/token`."""
    request = await _body(call)
    spec = request.get("spec") or {}
    target = call.target
    account = call.store.get("serviceaccounts", target.name, target.namespace)
    lifetime_s = spec.get("expirationSeconds") or TOKEN_LIFETIME_DEFAULT_S
    if lifetime_s < TOKEN_LIFETIME_MIN_S:
        cause = Cause(
            reason="FieldValueInvalid",
            message=f"Invalid value: {lifetime_s}: may not specify a duration less than 10 minutes",
            field="spec.expirationSeconds",
        )
        subject = Subject(group="authentication.k8s.io", kind="TokenRequest")
        raise invalid(subject, (cause,))
    now = call.store.clock.now()
    audiences = spec.get("audiences") or [ISSUER]
    token = issuer.issue(
        Account(
            namespace=target.namespace,
            name=target.name,
            uid=account["metadata"]["uid"],
            bound_object=_bound_object(call, spec.get("boundObjectRef")),
        ),
        audiences=audiences,
        now=now,
        lifetime_s=lifetime_s,
    )
    body = {
        "kind": "TokenRequest",
        "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": target.name,
            "namespace": target.namespace,
            "creationTimestamp": timestamp(now),
        },
        "spec": {
            "audiences": audiences,
            "expirationSeconds": lifetime_s,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": timestamp(now, plus_s=lifetime_s)},
    }
    return answers.answer(body, code=201)


async def finalize(call: Call) -> web.StreamResponse:
    """Answer a PUT to `namespaces/NAME/finalize`: its finalizers become those of the body."""
    wanted = await _body(call)
    space = copy_json(call.store.get("namespaces", call.target.name))
    space["spec"] = {"finalizers": (wanted.get("spec") or {}).get("finalizers") or []}
    stored = call.store.update("namespaces", space)
    return answers.answer(answers.shaped(call, stored))


async def approve(call: Call, certificates: Certificates) -> web.StreamResponse:
    """Answer a PUT to a certificate signing request's approval; an approved one is signed."""
    if call.target.verb == "get":
        found = call.store.get(call.resource, call.target.name)
        return answers.answer(answers.shaped(call, found))
    wanted = await _body(call)
    request = copy_json(call.store.get(call.resource, call.target.name))
    conditions = (wanted.get("status") or {}).get("conditions") or []
    now = timestamp(call.store.clock.now())
    for condition in conditions:
        for key in ("lastUpdateTime", "lastTransitionTime"):
            condition[key] = condition.get(key) or now
    status = {**(request.get("status") or {}), "conditions": conditions}
    is_approved = any(item["type"] == "Approved" for item in conditions)
    if is_approved and request["spec"].get("signerName") in CLIENT_SIGNERS:
        status["certificate"] = _signed(certificates, request["spec"]["request"])
    stored = call.store.update_status(call.resource, {**request, "status": status})
    return answers.answer(answers.shaped(call, stored))


def _signed(certificates: Certificates, request_text: str) -> str:
    signed = certificates.sign_request(base64.b64decode(request_text))
    return base64.b64encode(signed).decode()


def _bound_object(call: Call, reference: Any) -> tuple[str, str, str] | None:
    if not reference:
        return None
    kind, name = reference["kind"].lower(), reference["name"]
    resource = {"pod": "pods", "secret": "secrets", "node": "nodes"}[kind]
    namespace = "" if kind == "node" else call.target.namespace
    found = call.store.get(resource, name, namespace)
    return kind, name, found["metadata"]["uid"]


async def _body(call: Call) -> Object:
    content_type = call.request.headers.get("Content-Type", "")
    return formats.decode_object(await call.request.read(), content_type)
