"""Questions about rights and identities, which are asked by creating objects nobody stores."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiohttp import web

from bascule.lab.kubeapi.access.authentication import Authenticator
from bascule.lab.kubeapi.access.rbac import Attributes, Grant, Rbac
from bascule.lab.kubeapi.access.tokens import ISSUER
from bascule.lab.kubeapi.access.users import MASTERS, User
from bascule.lab.kubeapi.http import answers, formats
from bascule.lab.kubeapi.http.call import Call
from bascule.lab.kubeapi.objects.statuses import StatusError, bad_request

Object = dict[str, Any]

PLURALS: Final = frozenset(
    (
        "localsubjectaccessreviews",
        "selfsubjectaccessreviews",
        "selfsubjectreviews",
        "selfsubjectrulesreviews",
        "subjectaccessreviews",
        "tokenreviews",
    )
)


class Reviews:
    """Answers the reviews of authorization.k8s.io and authentication.k8s.io."""

    def __init__(self, rbac: Rbac, authenticator: Authenticator) -> None:
        self._rbac = rbac
        self._authenticator = authenticator

    async def create(self, call: Call) -> web.StreamResponse:
        """Answer a POST of a review: the same object, with its status."""
        content_type = call.request.headers.get("Content-Type", "")
        review = formats.decode_object(await call.request.read(), content_type)
        by_plural: Mapping[str, Callable[[Call, Object], Object]] = {
            "localsubjectaccessreviews": self._subject_access,
            "selfsubjectaccessreviews": self._self_access,
            "selfsubjectreviews": self._self,
            "selfsubjectrulesreviews": self._self_rules,
            "subjectaccessreviews": self._subject_access,
            "tokenreviews": self._token,
        }
        status = by_plural[call.kind.plural](call, review.get("spec") or {})
        body = {
            "kind": call.kind.kind,
            "apiVersion": call.kind.api_version(call.version.name),
            "metadata": {"creationTimestamp": None, **(review.get("metadata") or {})},
            **({"spec": review["spec"]} if review.get("spec") else {}),
            "status": status,
        }
        return answers.answer(body, code=201, warnings=call.warnings)

    def _self_access(self, call: Call, spec: Object) -> Object:
        return self._decision(call.user, spec, call.target.namespace)

    def _subject_access(self, call: Call, spec: Object) -> Object:
        if not spec.get("user") and not spec.get("groups"):
            raise bad_request("at least one of user or group must be specified")
        extra = {key: tuple(value) for key, value in (spec.get("extra") or {}).items()}
        user = User(
            name=spec.get("user", ""),
            groups=tuple(spec.get("groups") or ()),
            uid=spec.get("uid", ""),
            extra=extra,
        )
        return self._decision(user, spec, call.target.namespace)

    def _decision(self, user: User, spec: Object, namespace: str) -> Object:
        reason = self._rbac.decide(user, _attributes(spec, namespace))
        if reason is None:
            return {"allowed": False}
        return {"allowed": True, **({"reason": reason} if reason else {})}

    def _self_rules(self, call: Call, spec: Object) -> Object:
        everything = [
            Grant(rule={"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}, reason=""),
            Grant(rule={"nonResourceURLs": ["*"], "verbs": ["*"]}, reason=""),
        ]
        grants = list(self._rbac.grants(call.user, spec.get("namespace", "")))
        if MASTERS in call.user.groups:
            grants = [*everything, *grants]
        rules = [dict(grant.rule) for grant in grants]
        return {
            "incomplete": False,
            "resourceRules": [rule for rule in rules if rule.get("resources")],
            "nonResourceRules": [rule for rule in rules if rule.get("nonResourceURLs")],
        }

    def _self(self, call: Call, _: Object) -> Object:
        return {"userInfo": _user_info(call.user)}

    def _token(self, _: Call, spec: Object) -> Object:
        audiences = spec.get("audiences") or [ISSUER]
        try:
            user = self._authenticator.token_user(spec.get("token", ""), audience=audiences[0])
        except StatusError as error:
            return {"user": {}, "error": f"invalid bearer token: {error.message}"}
        return {"authenticated": True, "user": _user_info(user), "audiences": audiences}


def _attributes(spec: Object, namespace: str) -> Attributes:
    page = spec.get("nonResourceAttributes")
    if page:
        return Attributes(verb=page.get("verb", ""), path=page.get("path", ""))
    wanted = spec.get("resourceAttributes") or {}
    return Attributes(
        verb=wanted.get("verb", ""),
        group=wanted.get("group", ""),
        version=wanted.get("version", ""),
        plural=wanted.get("resource", ""),
        subresource=wanted.get("subresource", ""),
        namespace=namespace or wanted.get("namespace", ""),
        name=wanted.get("name", ""),
    )


def _user_info(user: User) -> Object:
    info: Object = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        info["uid"] = user.uid
    if user.extra:
        info["extra"] = {key: list(values) for key, values in user.extra.items()}
    return info
