"""ControllerRevisions: the remembered templates of StatefulSets and DaemonSets."""

from typing import Any

from bascule.lab.controllers.ownership import controller_reference, is_controlled_by
from bascule.lab.controllers.pod_template import template_hash
from bascule.lab.kubeapi.objects.json_values import copy_json
from bascule.lab.kubeapi.store import Store

Object = dict[str, Any]

REVISIONS = "controllerrevisions.apps"
REVISION_LABEL = "controller-revision-hash"
HISTORY_DEFAULT = 10


class History:
    """Reads and writes the revisions of an owner; their names are what pods are labelled with."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def record(self, owner: Object) -> str:
        """Return the name of the revision of the owner's template, the newest one from now on."""
        template = copy_json(owner["spec"]["template"])
        known = self._of(owner)
        latest = max((item["revision"] for item in known), default=0)
        same = next((item for item in known if _template_of(item) == template), None)
        if same is not None:
            if same["revision"] != latest:
                self._store.update(REVISIONS, {**same, "revision": latest + 1})
            return str(same["metadata"]["name"])
        hashed = template_hash(template)
        metadata = {
            "name": f"{owner['metadata']['name']}-{hashed}",
            "namespace": owner["metadata"]["namespace"],
            "labels": {
                **((template.get("metadata") or {}).get("labels") or {}),
                REVISION_LABEL: hashed,
            },
            "annotations": dict(owner["metadata"].get("annotations") or {}),
            "ownerReferences": [controller_reference(owner)],
        }
        data = {"spec": {"template": {**template, "$patch": "replace"}}}
        revision = {"metadata": metadata, "data": data, "revision": latest + 1}
        return str(self._store.create(REVISIONS, revision)["metadata"]["name"])

    def template(self, owner: Object, revision: str) -> Object:
        """Return the template of a revision; the owner's own if it is not remembered."""
        found = self._store.find(REVISIONS, revision, owner["metadata"]["namespace"])
        return _template_of(found) if found else owner["spec"]["template"]

    def trim(self, owner: Object, keep: set[str]) -> None:
        """Forget the oldest revisions past the owner's limit; never one of `keep`."""
        limit = owner["spec"].get("revisionHistoryLimit", HISTORY_DEFAULT)
        idle = [item for item in self._of(owner) if item["metadata"]["name"] not in keep]
        idle.sort(key=lambda item: item["revision"])
        for item in idle[: max(0, len(idle) - limit)]:
            self._store.delete(REVISIONS, item["metadata"]["name"], item["metadata"]["namespace"])

    def _of(self, owner: Object) -> list[Object]:
        uid = owner["metadata"]["uid"]
        owned = self._store.owned_by(uid, REVISIONS)
        return [item for item in owned if is_controlled_by(item, uid)]


def _template_of(revision: Object) -> Object:
    template = revision["data"]["spec"]["template"]
    return {key: value for key, value in template.items() if key != "$patch"}
